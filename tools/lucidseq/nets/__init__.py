"""Keras pieces that the network tools share: architectures, data feeding, losses, files, gradients."""
