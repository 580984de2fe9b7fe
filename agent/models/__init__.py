"""Language models: prompts, token ids, parsing of completions, model files and serving."""
