# NF4: what dev.temper.quant.Nf4Tensor puts into a layer's dictionary becomes a matrix again.

def absmax(w: Dict[str, Tensor], name: str) -> Tensor:
  # The scale of each block (blocks) float32; restored from 8 bits where it was quantized, too.
  key = name + ".absmax"
  if key in w:
    scales = w[key]
  else:
    values = torch.index_select(w[name + ".nested_levels"], 0, torch.to(w[name + ".absmax_codes"], 3))
    nested = torch.repeat_interleave(w[name + ".nested_absmax"], 256)
    scales = torch.add_(torch.mul_(values, nested[:values.size(0)]), w[name + ".offset"])
  return scales

def fill(out: Tensor, codes: Tensor, pairs: Tensor, scales: Tensor, block: int) -> Tensor:
  # out (n) float32 or of 16 bits: the two values of each byte, times the scale of their block. In pieces that stay in a
  # core's cache from the look-up to the product. pairs (256, 2) float32 is read as complex: one look-up for two values.
  n = out.size(0)
  whole = n - n % block
  step = block * max(1, 262144 // block)
  table = torch.view_as_complex(pairs)
  narrow = out.dtype != 6
  scratch = out
  if narrow:
    scratch = torch.empty([min(step, n)], dtype=6, layout=0, device=out.device, pin_memory=False)
  i = 0
  while i < whole:
    k = min(step, whole - i)
    piece = scratch[:k] if narrow else out[i:i + k]
    both = torch.view_as_complex(torch.view(piece, [-1, 2]))
    _0 = torch.index_select(table, 0, torch.to(codes[i // 2:(i + k) // 2], 3), out=both)
    _1 = torch.mul_(torch.view(piece, [-1, block]), torch.unsqueeze(scales[i // block:(i + k) // block], 1))
    if narrow:
      _2 = torch.copy_(out[i:i + k], piece)
    i = i + k
  if whole < n:
    last = torch.flatten(torch.view_as_real(torch.index_select(table, 0, torch.to(codes[whole // 2:], 3))))
    _3 = torch.copy_(out[whole:], torch.mul(last[:n - whole], scales[whole // block]))
  return out

def pairs(w: Dict[str, Tensor], dtype: int) -> Tensor:
  # The two levels of each byte (256, 2); rounded to dtype first, as bitsandbytes does.
  levels = w["nf4.pairs"]
  if dtype != 6:
    levels = torch.to(torch.to(levels, dtype), 6)
  return levels

def linear(x: Tensor, w: Dict[str, Tensor], name: str) -> Tensor:
  # (1, T, I) -> (1, T, O) where nothing is differentiated: some rows of the matrix at a time become dense, and are gone
  # again. For a few tokens so few rows that they stay in a core's cache: half the time of a dense matrix first.
  form = annotate(List[int], w[name + ".form"].tolist())  # rows, columns, block
  o = form[0]
  i = form[1]
  block = form[2]
  tokens = torch.view(x, [-1, i])
  levels = __torch__.nf4.pairs(w, x.dtype)
  scales = __torch__.nf4.absmax(w, name)
  codes = w[name + ".codes"]
  unit = 1 if i % block == 0 else block  # rows that end with a block
  elements = 262144 if tokens.size(0) <= 8 else 4194304
  step = min(o, unit * max(1, elements // (i * unit)))
  dense = torch.empty([step * i], dtype=x.dtype, layout=0, device=x.device, pin_memory=False)
  y = torch.empty([tokens.size(0), o], dtype=x.dtype, layout=0, device=x.device, pin_memory=False)
  at = 0
  while at < o:
    n = min(step, o - at)
    first = at * i
    some = __torch__.nf4.fill(dense[:n * i], codes[first // 2:(first + n * i + 1) // 2], levels, scales[first // block:], block)
    _0 = torch.mm(tokens, torch.t(torch.view(some, [n, i])), out=y[:, at:at + n])
    at = at + n
  return torch.view(y, [1, -1, o])

def weight(w: Dict[str, Tensor], name: str, dtype: int) -> Tensor:
  # The matrix (O, I), in the memory that the dictionary brings for it as NAME.dense, or else in memory of its own. A
  # constant to the gradient; but what torch.linear records keeps it, so that NAME.dense may be shared by layers only if
  # one is differentiated before the next is recorded, as with gradient checkpointing. libtorch refuses anything else.
  form = annotate(List[int], w[name + ".form"].tolist())  # rows, columns, block
  codes = w[name + ".codes"]
  held = name + ".dense"
  if held in w:
    out = w[held]
  else:
    out = torch.empty([form[0], form[1]], dtype=dtype, layout=0, device=codes.device, pin_memory=False)
  if out.dtype != dtype:
    ops.prim.RaiseException(held + " is of another type than the activations")
  _0 = __torch__.nf4.fill(torch.view(out, [-1]), codes, __torch__.nf4.pairs(w, dtype), __torch__.nf4.absmax(w, name), form[2])
  return torch.view(out, [form[0], form[1]])

class Nf4(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  def dequantize(self: __torch__.nf4.Nf4, w: Dict[str, Tensor], dtype: Tensor) -> Tensor:
    # The matrix whose parts are called "weight", computed in dtype, as float32.
    return torch.to(__torch__.nf4.weight(w, "weight", int(dtype)), 6)

  def linear(self: __torch__.nf4.Nf4, x: Tensor, w: Dict[str, Tensor]) -> Tensor:
    # (1, T, I) -> (1, T, O)
    return __torch__.ops.linear(x, w, "weight")
