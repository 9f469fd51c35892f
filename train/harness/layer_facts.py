"""Facts of one layer at some positions: states and logits in, one number a position out.

What a layer's lens says is compared with full depth; what the state itself looks like is what
vitality labels are made of. All are cheap enough to be recorded for every position.
"""

import mlx.core as mx

Facts = dict[str, mx.array]  # name → [n]


def distribution_facts(
    logits: mx.array, full: mx.array, token: mx.array, before: mx.array | None = None
) -> Facts:
    """Return what a lens says, beside what full depth says: logits [n x v] float32, tokens [n].

    `kl` is KL(full ‖ lens) in nats, `agree` whether both name the same token first, `margin` the
    difference of the two largest logits, `cross_entropy` −log p(token). With the logits of the
    candidate layer before, `kl_before` is KL(lens ‖ lens before): known without full depth.
    """
    log_p = logits - mx.logsumexp(logits, axis=-1, keepdims=True)
    log_q = full - mx.logsumexp(full, axis=-1, keepdims=True)
    return lens_facts(logits, before) | {
        "kl": mx.sum(mx.exp(log_q) * (log_q - log_p), axis=-1),
        "agree": mx.argmax(logits, axis=-1) == mx.argmax(full, axis=-1),
        "cross_entropy": -mx.take_along_axis(log_p, token[:, None].astype(mx.int32), -1)[:, 0],
    }


def lens_facts(logits: mx.array, before: mx.array | None = None) -> Facts:
    """Return what can be said of a lens's logits [n x v] while full depth is not known."""
    log_p = logits - mx.logsumexp(logits, axis=-1, keepdims=True)
    p, two = mx.exp(log_p), mx.topk(logits, 2, axis=-1)
    known = {} if before is None else {"kl_before": divergence(log_p, p, before)}
    return known | {
        "best": mx.argmax(logits, axis=-1).astype(mx.int32),
        "entropy": -mx.sum(p * log_p, axis=-1),
        "margin": mx.abs(two[:, 0] - two[:, 1]),
        "max_prob": mx.max(p, axis=-1),
    }


def divergence(log_p: mx.array, p: mx.array, logits: mx.array) -> mx.array:
    """Return KL(p ‖ softmax(logits)) in nats of each row, [n x v] each."""
    return mx.sum(p * (log_p - logits), axis=-1) + mx.logsumexp(logits, axis=-1)


def state_facts(h: mx.array, before: mx.array | None) -> Facts:
    """Return what states [n x d] look like, beside those of the candidate layer before.

    `participation` is (Σ x²)² / (d Σ x⁴): 1 where all components carry alike, 1/d where one does.
    `kurtosis` is of the components, 3 for a normal distribution. `massive` is the largest
    magnitude over the median one (massive activations, Sun et al. 2024, arXiv 2402.17762).

    >>> facts = state_facts(mx.array([[1.0, -1.0, 1.0, -1.0]]), None)
    >>> {name: value.tolist() for name, value in facts.items()}
    {'norm': [2.0], 'kurtosis': [1.0], 'participation': [1.0], 'massive': [1.0]}
    """
    x = h.astype(mx.float32)
    squares = x * x
    total, fourth = mx.sum(squares, axis=-1), mx.sum(squares * squares, axis=-1)
    centred = x - mx.mean(x, axis=-1, keepdims=True)
    variance = mx.mean(centred**2, axis=-1)
    size = mx.abs(x)
    facts = {
        "norm": mx.sqrt(total),
        "kurtosis": mx.mean(centred**4, axis=-1) / mx.maximum(variance**2, 1e-30),
        "participation": total**2 / mx.maximum(x.shape[-1] * fourth, 1e-30),
        "massive": mx.max(size, axis=-1) / mx.maximum(mx.median(size, axis=-1), 1e-30),
    }
    if before is not None:
        y = before.astype(mx.float32)
        lengths = mx.sqrt(total * mx.sum(y * y, axis=-1))
        facts["cosine"] = mx.sum(x * y, axis=-1) / mx.maximum(lengths, 1e-30)
    return facts
