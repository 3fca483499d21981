"""Datasets of images: files in folders, their decoding, and the batches of images in memory."""
