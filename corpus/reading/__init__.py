"""Reading an act as it stood: provisions on a date, timelines, days of change, holdings."""
