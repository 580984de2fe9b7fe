"""What :mod:`corpus.sources.dated.dated_files` is made of: index, texts, amendments, dating."""
