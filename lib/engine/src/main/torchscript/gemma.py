# Gemma: RMSNorm by 1 + w before and after each block, scaled embeddings, capped scores and logits; near layers see a
# window, and in Gemma 3 turn by frequencies of their own.
class Gemma(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  num_heads : int
  num_kv_heads : int
  scale : float
  eps : float
  embedding_scale : float
  score_cap : float
  logit_cap : float

  def scale_of(self: __torch__.gemma.Gemma, x: Tensor) -> Tensor:
    # Rounded to the type that is computed in, as in the reference.
    return torch.full([], self.embedding_scale, dtype=x.dtype, layout=0, device=x.device, pin_memory=False)

  def embed(self: __torch__.gemma.Gemma, ids: Tensor, positions: Tensor, w: Dict[str, Tensor]) -> Tensor:
    x = __torch__.ops.embedding(w, "embed_tokens", ids)  # (T, D)
    return torch.unsqueeze(__torch__.ops.noisy(torch.mul(x, self.scale_of(x)), w), 0)

  def embed_backward(self: __torch__.gemma.Gemma, ids: Tensor, positions: Tensor, gx: Tensor, g: Dict[str, Tensor]) -> Tensor:
    # Adds to the gradient of the embeddings; gx (1, T, D).
    return __torch__.ops.looked_up(g, "embed_tokens", ids, torch.mul(torch.squeeze(gx, 0), self.scale_of(gx)))

  def norm(self: __torch__.gemma.Gemma, x: Tensor, w: Dict[str, Tensor], name: str) -> Tensor:
    return __torch__.ops.rms_norm(x, torch.add(torch.to(w[name], 6), 1), self.eps)

  def finish(self: __torch__.gemma.Gemma, x: Tensor, o: Tensor, w: Dict[str, Tensor]) -> Tensor:
    x = x + self.norm(__torch__.ops.linear(o, w, "o_proj"), w, "post_attention_layernorm")
    h = self.norm(x, w, "pre_feedforward_layernorm")
    gate = torch.gelu(__torch__.ops.linear(h, w, "gate_proj"), approximate="tanh")  # (1, T, F)
    down = __torch__.ops.linear(gate * __torch__.ops.linear(h, w, "up_proj"), w, "down_proj")
    return x + self.norm(down, w, "post_feedforward_layernorm")

  def projections(self: __torch__.gemma.Gemma, x: Tensor, rotary: Tensor, w: Dict[str, Tensor]) -> Tuple[Tensor, Tensor, Tensor]:
    h = self.norm(x, w, "input_layernorm")
    q = __torch__.ops.heads(__torch__.ops.linear(h, w, "q_proj"), self.num_heads)  # (1, H, T, E)
    k = __torch__.ops.heads(__torch__.ops.linear(h, w, "k_proj"), self.num_kv_heads)  # (1, K, T, E)
    v = __torch__.ops.heads(__torch__.ops.linear(h, w, "v_proj"), self.num_kv_heads)
    if "q_norm" in w:
      q = self.norm(q, w, "q_norm")
      k = self.norm(k, w, "k_norm")
    near = 0
    if rotary.size(0) == 4 and int(w["window"]) > 0:
      near = 2
    cos = rotary[near]
    sin = rotary[near + 1]
    return (__torch__.ops.rotate(q, cos, sin), __torch__.ops.rotate(k, cos, sin), v)

  def layer(self: __torch__.gemma.Gemma, x: Tensor, rotary: Tensor, segments: Tensor, w: Dict[str, Tensor]) -> Tensor:
    # x (1, T, D), rotary (2 or 4, T, E): cosines and sines of far layers, then of near ones, segments (S + 1) int64
    # -> (1, T, D)
    q, k, v = self.projections(x, rotary, w)
    o = __torch__.ops.attention(q, k, v, segments, self.scale, self.score_cap, w)
    return self.finish(x, o, w)

  def layer_cached(self: __torch__.gemma.Gemma, x: Tensor, rotary: Tensor, segments: Tensor, past: Tensor, keys: List[Tensor], values: List[Tensor], w: Dict[str, Tensor]) -> Tensor:
    q, k, v = self.projections(x, rotary, w)
    o = __torch__.ops.attention_cached(q, k, v, segments, past, keys, values, self.scale, self.score_cap, w)
    return self.finish(x, o, w)

  def final_norm(self: __torch__.gemma.Gemma, x: Tensor, keep: Tensor, w: Dict[str, Tensor]) -> Tensor:
    # Only the kept positions: x (1, T, D), keep (N) int64 -> (N, D)
    return self.norm(torch.index_select(torch.squeeze(x, 0), 0, keep), w, "norm")

  def logits(self: __torch__.gemma.Gemma, h: Tensor, head: Tensor, w: Dict[str, Tensor]) -> Tensor:
    # h (N, D), head (V, D) -> (N, V)
    return __torch__.ops.soft_cap(__torch__.ops.head_logits(h, head, w), self.logit_cap)

  # decoding.py
