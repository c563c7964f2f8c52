# Llama: RMSNorm, rotary positions, grouped-query attention, gated feed-forward; no learned positions. What its
# relatives add is found in the layer's dictionary: norms of queries and keys, fused projections.
class Llama(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  num_heads : int
  num_kv_heads : int
  scale : float
  eps : float

  def embed(self: __torch__.llama.Llama, ids: Tensor, positions: Tensor, w: Dict[str, Tensor]) -> Tensor:
    return torch.unsqueeze(__torch__.ops.noisy(__torch__.ops.embedding(w, "embed_tokens", ids), w), 0)  # (1, T, D)

  def embed_backward(self: __torch__.llama.Llama, ids: Tensor, positions: Tensor, gx: Tensor, g: Dict[str, Tensor]) -> Tensor:
    # Adds to the gradient of the embeddings; gx (1, T, D).
    return __torch__.ops.looked_up(g, "embed_tokens", ids, torch.squeeze(gx, 0))

  def norm(self: __torch__.llama.Llama, x: Tensor, w: Dict[str, Tensor], name: str) -> Tensor:
    return __torch__.ops.rms_norm(x, w[name], self.eps)

  def finish(self: __torch__.llama.Llama, x: Tensor, o: Tensor, w: Dict[str, Tensor]) -> Tensor:
    x = x + __torch__.ops.linear(o, w, "o_proj")
    h = self.norm(x, w, "post_attention_layernorm")
    if __torch__.ops.has(w, "gate_up_proj"):
      both = __torch__.ops.linear(h, w, "gate_up_proj")  # (1, T, 2 F)
      halves = torch.split(both, both.size(2) // 2, 2)
      gate = halves[0]
      up = halves[1]
    else:
      gate = __torch__.ops.linear(h, w, "gate_proj")
      up = __torch__.ops.linear(h, w, "up_proj")
    return x + __torch__.ops.linear(torch.silu(gate) * up, w, "down_proj")

  def projections(self: __torch__.llama.Llama, x: Tensor, rotary: Tensor, w: Dict[str, Tensor]) -> Tuple[Tensor, Tensor, Tensor]:
    h = self.norm(x, w, "input_layernorm")
    if __torch__.ops.has(w, "qkv_proj"):
      rows = __torch__.ops.linear(h, w, "qkv_proj")  # (1, T, (H + 2 K) E)
      size = rows.size(2) // (self.num_heads + 2 * self.num_kv_heads)
      parts = torch.split_with_sizes(rows, [self.num_heads * size, self.num_kv_heads * size, self.num_kv_heads * size], 2)
      q = parts[0]
      k = parts[1]
      v = parts[2]
    else:
      q = __torch__.ops.linear(h, w, "q_proj")
      k = __torch__.ops.linear(h, w, "k_proj")
      v = __torch__.ops.linear(h, w, "v_proj")
    q = __torch__.ops.heads(q, self.num_heads)  # (1, H, T, E)
    k = __torch__.ops.heads(k, self.num_kv_heads)  # (1, K, T, E)
    v = __torch__.ops.heads(v, self.num_kv_heads)
    if "q_norm" in w:
      q = self.norm(q, w, "q_norm")
      k = self.norm(k, w, "k_norm")
    return (__torch__.ops.rotate(q, rotary[0], rotary[1]), __torch__.ops.rotate(k, rotary[0], rotary[1]), v)

  def layer(self: __torch__.llama.Llama, x: Tensor, rotary: Tensor, segments: Tensor, w: Dict[str, Tensor]) -> Tensor:
    # x (1, T, D), rotary (2, T, E): cosines and sines, segments (S + 1) int64 -> (1, T, D)
    q, k, v = self.projections(x, rotary, w)
    o = __torch__.ops.attention(q, k, v, segments, self.scale, 0.0, w)
    return self.finish(x, o, w)

  def layer_cached(self: __torch__.llama.Llama, x: Tensor, rotary: Tensor, segments: Tensor, past: Tensor, keys: List[Tensor], values: List[Tensor], w: Dict[str, Tensor]) -> Tensor:
    q, k, v = self.projections(x, rotary, w)
    o = __torch__.ops.attention_cached(q, k, v, segments, past, keys, values, self.scale, 0.0, w)
    return self.finish(x, o, w)

  def final_norm(self: __torch__.llama.Llama, x: Tensor, keep: Tensor, w: Dict[str, Tensor]) -> Tensor:
    # Only the kept positions: x (1, T, D), keep (N) int64 -> (N, D)
    return self.norm(torch.index_select(torch.squeeze(x, 0), 0, keep), w, "norm")

  def classify(self: __torch__.llama.Llama, x: Tensor, keep: Tensor, w: Dict[str, Tensor]) -> Tensor:
    # The kept position of each document: x (1, T, D), keep (S) int64 -> (S, C)
    return __torch__.ops.linear(torch.to(self.final_norm(x, keep, w), 6), w, "score")

  def logits(self: __torch__.llama.Llama, h: Tensor, head: Tensor, w: Dict[str, Tensor]) -> Tensor:
    # h (N, D), head (V, D) -> (N, V)
    return __torch__.ops.head_logits(h, head, w)

  # decoding.py
