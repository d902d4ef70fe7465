"""Encoder, predictor and decoder of architectures, their fit, and latent ascent."""
