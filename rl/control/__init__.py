"""Training of a learnt controller: reward, explorers, network and evaluation."""
