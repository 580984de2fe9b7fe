"""The governing date of a question: given, chosen by a rule from facts, or asked for."""
