"""Labels by people (RLAVR): which rollouts are worth a label, the queue, agreement."""
