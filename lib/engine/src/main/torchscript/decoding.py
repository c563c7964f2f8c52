  def decode(self: Self, ids: Tensor, positions: Tensor, rotary: Tensor, segments: Tensor, past: Tensor, keys: List[Tensor], values: List[Tensor], shared: Dict[str, Tensor], head: Tensor, layers: List[Dict[str, Tensor]]) -> Tensor:
    # Everything between token ids and the logits (S, V) of each sequence's next token; the caches of layer l are
    # keys[l * S] to keys[l * S + S - 1].
    x = self.embed(ids, positions, shared)
    n = past.size(0)
    for i in range(len(layers)):
      x = self.layer_cached(x, rotary, segments, past, keys[i * n:i * n + n], values[i * n:i * n + n], layers[i])
    last = torch.sub(torch.slice(segments, 0, 1, 9223372036854775807, 1), 1)
    return self.logits(self.final_norm(x, last, shared), head, shared)
