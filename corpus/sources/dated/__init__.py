"""What :mod:`corpus.sources.dated_files` is made of: index, texts, amendments, dating."""
