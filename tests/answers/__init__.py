"""For each chapter, answers to its exercises: right ones, and the usual mistakes."""
