# Operators that all families share. Letters as in dev.temper.kernel: T tokens, D model width, H query heads,
# K key/value heads, E head size, I/O input/output width, R LoRA rank, V vocabulary.

def linear(x: Tensor, w: Dict[str, Tensor], name: str) -> Tensor:
  # (1, T, I) -> (1, T, O); a bias and a low-rank update where the layer has one.
  bias = name + ".bias"
  if bias in w:
    y = torch.linear(x, w[name], w[bias])
  else:
    y = torch.linear(x, w[name])
  if name + ".lora_A" in w:
    y = __torch__.ops.adapted(y, x, w, name, False)
  return y

def conv1d(x: Tensor, w: Dict[str, Tensor], name: str) -> Tensor:
  # As linear, with a bias and a weight that is stored (I, O).
  y = torch.view(torch.addmm(w[name + ".bias"], torch.squeeze(x, 0), w[name]), [1, x.size(1), -1])
  if name + ".lora_A" in w:
    y = __torch__.ops.adapted(y, x, w, name, True)
  return y

def adapted(y: Tensor, x: Tensor, w: Dict[str, Tensor], name: str, transposed: bool) -> Tensor:
  # y (1, T, O) is what the base makes of x (1, T, I).
  drops = "dropout_keys" in w and name + ".dropout" in w
  dropped = x
  if drops:
    dropped = __torch__.ops.dropout(x, w["dropout_keys"], w[name + ".dropout"])
  down = torch.linear(dropped, w[name + ".lora_A"])  # (1, T, R)
  update = torch.linear(down * w[name + ".scale"], w[name + ".lora_B"])  # (1, T, O)
  if name + ".magnitude" in w:
    weight = w[name]
    if transposed:
      weight = torch.t(weight)
    ratio = __torch__.ops.stretch(weight, w, name)
    bias = name + ".bias"
    if drops:
      base = torch.linear(dropped, weight)
    elif bias in w:
      base = torch.sub(y, w[bias])
    else:
      base = y
    y = y + base * torch.sub(ratio, 1) + update * ratio
  else:
    y = torch.add_(y, update)
  return y

def stretch(weight: Tensor, w: Dict[str, Tensor], name: str) -> Tensor:
  # DoRA: magnitude over the length of each output's row of weight (O, I) plus its update -> (O). The length is a
  # constant to the gradient, as in PEFT.
  up = torch.detach(w[name + ".lora_B"]) * w[name + ".scale"]
  sum = torch.addmm(torch.detach(weight), up, torch.detach(w[name + ".lora_A"]))
  return torch.div(w[name + ".magnitude"], torch.linalg_vector_norm(sum, 2, [1]))

def dropped(x: Tensor, w: Dict[str, Tensor], name: str) -> Tensor:
  # Dropout of x (1, T, I) while training, where there is one of this name.
  if "dropout_keys" in w and name + ".dropout" in w:
    x = __torch__.ops.dropout(x, w["dropout_keys"], w[name + ".dropout"])
  return x

def dropout(x: Tensor, keys: Tensor, settings: Tensor) -> Tensor:
  # Zeroes elements by a hash of (key of the token, salt of the projection, channel), so that a recomputation and any
  # other split of the rows over workers see the same mask. keys (T) int64, settings (2) int64: threshold and salt.
  channels = torch.arange(x.size(2), dtype=4, layout=0, device=x.device, pin_memory=False)
  h = torch.unsqueeze(keys, 1) + torch.mul(channels + settings[1], -7046029254386353131)  # (T, I)
  h = torch.mul(torch.bitwise_xor(h, torch.bitwise_and(torch.bitwise_right_shift(h, 30), 17179869183)), -4658895280553007687)
  h = torch.mul(torch.bitwise_xor(h, torch.bitwise_and(torch.bitwise_right_shift(h, 27), 137438953471)), -7723592293110705685)
  draw = torch.bitwise_and(torch.bitwise_right_shift(h, 31), 16777215)  # uniform in [0, 2^24)
  threshold = settings[0]
  kept = torch.to(torch.ge(draw, threshold), x.dtype)
  return x * kept * torch.div(16777216.0, torch.sub(16777216.0, torch.to(threshold, 6)))

def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
  # Rotary positions, halves rotated as in transformers: x (1, H, T, E), cos and sin (T, E) or narrower, when only the
  # first channels of a head are rotated.
  width = cos.size(1)
  if width < x.size(3):
    first = __torch__.ops.rotate_whole(x[:, :, :, :width], cos, sin)
    return torch.cat([first, x[:, :, :, width:]], 3)
  else:
    return __torch__.ops.rotate_whole(x, cos, sin)

def rotate_whole(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
  half = x.size(3) // 2
  turned = torch.cat([torch.neg(x[:, :, :, half:]), x[:, :, :, :half]], 3)
  return x * cos + turned * sin

def heads(x: Tensor, count: int) -> Tensor:
  # (1, T, H * E) -> (1, H, T, E)
  return torch.transpose(torch.view(x, [1, x.size(1), count, -1]), 1, 2)

def grouped(x: Tensor, heads: int) -> Tensor:
  # (1, K, T, E) -> (1, H, T, E): every query head gets the key/value head of its group.
  if x.size(1) != heads:
    x = torch.repeat_interleave(x, heads // x.size(1), 1)
  return x

def soft_cap(x: Tensor, cap: float) -> Tensor:
  # Bends x to between -cap and cap; 0 is no cap.
  if cap > 0.0:
    x = torch.mul(torch.tanh(torch.div(x, cap)), cap)
  return x

def attend(q: Tensor, k: Tensor, v: Tensor, mask: Optional[Tensor], causal: bool, scale: float, cap: float, drops: List[Tensor]) -> Tensor:
  # (1, H, T, E); fused, unless scores are capped or their softmax drops elements. drops: nothing, or keys of the queries
  # and settings of dropout.
  if cap > 0.0 or len(drops) > 0:
    scores = __torch__.ops.soft_cap(torch.matmul(q, torch.transpose(k, 2, 3)) * scale, cap)  # (1, H, T, T)
    if mask is not None:
      scores = torch.masked_fill(scores, torch.logical_not(unchecked_cast(Tensor, mask)), -inf)
    elif causal:
      past = torch.ones([q.size(2), k.size(2)], dtype=11, layout=0, device=q.device, pin_memory=False)
      scores = torch.masked_fill(scores, torch.logical_not(torch.tril(past)), -inf)
    weights = torch.softmax(scores, 3)
    if len(drops) > 0:
      rows = torch.reshape(torch.transpose(weights, 1, 2), [1, q.size(2), -1])  # (1, T, H * T)
      rows = __torch__.ops.dropout(rows, drops[0], drops[1])
      weights = torch.transpose(torch.view(rows, [1, q.size(2), q.size(1), -1]), 1, 2)
    return torch.matmul(weights, v)
  else:
    return torch.scaled_dot_product_attention(q, k, v, mask, 0.0, causal, scale=scale)

def attention(q: Tensor, k: Tensor, v: Tensor, segments: Tensor, scale: float, cap: float, w: Dict[str, Tensor]) -> Tensor:
  # Causal attention within each segment: q (1, H, T, E), k and v (1, K, T, E), segments (S + 1) -> (1, T, H * E).
  # cap: what scores are bent to; 0 nothing. The layer says how many positions a token sees, its own included; 0 all.
  window = int(w["window"])
  k = __torch__.ops.grouped(k, q.size(1))
  v = __torch__.ops.grouped(v, q.size(1))
  borders = annotate(List[int], segments.tolist())
  lengths = annotate(List[int], [])
  for i in range(len(borders) - 1):
    lengths.append(borders[i + 1] - borders[i])
  # Split, not sliced: the gradient of a slice is as large as the whole.
  queries = torch.split_with_sizes(q, lengths, 2)
  keys = torch.split_with_sizes(k, lengths, 2)
  values = torch.split_with_sizes(v, lengths, 2)
  parts = annotate(List[Tensor], [])
  dropping = "attention.dropout" in w and "dropout_keys" in w
  for i in range(len(lengths)):
    n = lengths[i]
    drops = annotate(List[Tensor], [])
    if dropping:
      drops.append(w["dropout_keys"][borders[i]:borders[i + 1]])
      drops.append(w["attention.dropout"])
    if window > 0 and n > window:
      near = torch.ones([n, n], dtype=11, layout=0, device=q.device, pin_memory=False)
      mask = torch.bitwise_and(torch.tril(near), torch.triu(near, 1 - window))
      o = __torch__.ops.attend(queries[i], keys[i], values[i], mask, False, scale, cap, drops)
    else:
      o = __torch__.ops.attend(queries[i], keys[i], values[i], None, True, scale, cap, drops)
    parts.append(o)
  if len(parts) == 1:
    o = parts[0]
  else:
    o = torch.cat(parts, 2)
  return torch.reshape(torch.transpose(o, 1, 2), [1, q.size(2), -1])

def attention_cached(q: Tensor, k: Tensor, v: Tensor, segments: Tensor, past: Tensor, keys: List[Tensor], values: List[Tensor], scale: float, cap: float, w: Dict[str, Tensor]) -> Tensor:
  # As attention, for new tokens whose earlier ones are in the cache: keys[i] and values[i] (1, K, capacity, E) belong to
  # segment i and hold past[i] tokens; the new ones are added. A segment with a past has one new token.
  window = int(w["window"])
  borders = annotate(List[int], segments.tolist())
  held = annotate(List[int], past.tolist())
  heads = q.size(1)
  parts = annotate(List[Tensor], [])
  for i in range(len(borders) - 1):
    s = borders[i]
    e = borders[i + 1]
    p = held[i]
    total = p + e - s
    _0 = torch.copy_(keys[i][:, :, p:total], k[:, :, s:e])
    _1 = torch.copy_(values[i][:, :, p:total], v[:, :, s:e])
    if p == 0:
      one = torch.tensor([0, e - s])
      o = __torch__.ops.attention(q[:, :, s:e], k[:, :, s:e], v[:, :, s:e], one, scale, cap, w)
    else:
      first = 0
      if window > 0 and total > window:
        first = total - window
      near = __torch__.ops.grouped(keys[i][:, :, first:total], heads)
      content = __torch__.ops.grouped(values[i][:, :, first:total], heads)
      o = __torch__.ops.attend(q[:, :, s:e], near, content, None, False, scale, cap, annotate(List[Tensor], []))
      o = torch.reshape(torch.transpose(o, 1, 2), [1, e - s, -1])
    parts.append(o)
  if len(parts) == 1:
    o = parts[0]
  else:
    o = torch.cat(parts, 1)
  return o

def activation(x: Tensor, name: str) -> Tensor:
  if name == "silu":
    y = torch.silu(x)
  elif name == "gelu_new":
    y = torch.gelu(x, approximate="tanh")
  else:
    y = x
    ops.prim.RaiseException("unknown activation " + name)
  return y
