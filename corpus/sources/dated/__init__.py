"""Parts of :mod:`corpus.sources.dated.dated_files`: index, texts, amendments, dating."""
