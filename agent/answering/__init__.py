"""Whether a quotation answers a question: evidence, a calibrated score, and the choice it makes."""
