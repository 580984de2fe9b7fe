"""The app under load: many signed-in people at once, and its memory."""
