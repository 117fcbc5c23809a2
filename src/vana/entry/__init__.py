"""Faces: how a person or a program reaches VANA. Nothing here decides; it reads, hands over, renders."""
