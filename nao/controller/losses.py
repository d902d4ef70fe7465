"""Losses of the controller; every one is a mean over rows with weights.

Rows of weight 0 are padding. A batch of padding alone has loss 0, and ties between
targets leave everything finite.
"""

import jax
import jax.numpy as jnp

from nao.types import Array


def weighted_mean(values: Array, weights: Array) -> Array:
    """Returns the mean of `values` under `weights` of the same shape, 0 if all are 0.

    Weights are 0, 1 or products of those.
    """
    return jnp.sum(values * weights) / jnp.maximum(jnp.sum(weights), 1.0)


def squared_error(predictions: Array, targets: Array, weights: Array) -> Array:
    """Returns the mean squared error of predictions [num]."""
    return weighted_mean((predictions - targets) ** 2, weights)


def pairwise_ranking(predictions: Array, targets: Array, weights: Array) -> Array:
    """Returns the logistic loss of all ordered pairs (Burges et al., 2005, RankNet).

    A pair whose first target is larger costs `log(1 + exp(-difference))` of its
    predictions; tied targets make no pair.

    Args:
        predictions: float32 [num].
        targets: float32 [num].
        weights: float32 [num].

    Returns:
        float32 scalar.
    """
    is_pair = (targets[:, None] > targets[None]).astype(predictions.dtype)
    differences = predictions[:, None] - predictions[None]
    return weighted_mean(
        jax.nn.softplus(-differences), is_pair * weights[:, None] * weights[None]
    )


def reconstruction(
    logits: Array, tokens: Array, weights: Array, legal: Array | None = None
) -> Array:
    """Returns the mean cross-entropy of a token.

    Args:
        logits: float32 [num, length, vocab].
        tokens: int32 [num, length]; legal, in padding rows too.
        weights: float32 [num].
        legal: bool [length, vocab]; where given, the softmax is over legal tokens.

    Returns:
        float32 scalar, in nats a token.
    """
    if legal is not None:
        logits = jnp.where(legal, logits, -jnp.inf)
    # Subtracting the chosen logit by one-hot selection rather than by a gather, whose
    # gradient would be a scatter.
    chosen = jax.nn.one_hot(tokens, logits.shape[-1], dtype=bool)
    chosen = jnp.sum(jnp.where(chosen, logits, 0.0), axis=-1)
    cross_entropy = jax.nn.logsumexp(logits, axis=-1) - chosen
    return weighted_mean(cross_entropy.mean(axis=-1), weights)


def joint(
    prediction_loss: Array, reconstruction_loss: Array, trade_off: float
) -> Array:
    """Weighs the two losses: NAO's lambda * L_pp + (1 - lambda) * L_rec."""
    return trade_off * prediction_loss + (1 - trade_off) * reconstruction_loss


def prediction(
    predictions: Array, targets: Array, weights: Array, ranking_weight: float
) -> Array:
    """Mixes squared error and pairwise ranking.

    Args:
        predictions: float32 [num].
        targets: float32 [num].
        weights: float32 [num].
        ranking_weight: Share of the ranking loss; 0 is squared error alone.

    Returns:
        float32 scalar.
    """
    loss = (1 - ranking_weight) * squared_error(predictions, targets, weights)
    if ranking_weight:
        loss += ranking_weight * pairwise_ranking(predictions, targets, weights)
    return loss
