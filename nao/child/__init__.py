"""The network that tokens describe: primitives, network, training."""
