"""What the labelling pages show and take, without the pages themselves."""
