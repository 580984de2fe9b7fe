"""Which date governs a question: given, chosen by a rule from the facts, or asked for."""
