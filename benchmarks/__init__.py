"""Measurements of pixelwise: `make bench` runs them all and writes docs/performance.md."""
