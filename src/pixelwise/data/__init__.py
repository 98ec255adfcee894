"""Data sets: pictures, masks, and what the numbers in masks mean."""
