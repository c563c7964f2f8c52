# Updates of trained weights. Gradients are divided by s[0] (clipping) before anything else. Weights in bfloat16 become
# float32 piece by piece, and are rounded back at random by the key of the update: see store.
class Optimizers(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  def store(self: __torch__.optimizers.Optimizers, target: Tensor, values: Tensor, key: Tensor) -> Tensor:
    # Rounds float32 values into target, of as many elements, in bfloat16: up with the chance of what is cut off, so that
    # the mean of many small updates arrives. The bits are a hash of the key and of the element's place among all trained
    # elements, 16 for each of four: the same for any number of workers, and after a checkpoint. float32 is there already.
    if target.dtype != 6:
      n = values.numel()
      first = torch.storage_offset(target)
      words = torch.arange(first // 4, (first + n + 3) // 4, dtype=4, layout=0, device=target.device, pin_memory=False)
      h = __torch__.ops.mix(torch.add_(torch.mul_(words, -7046029254386353131), key))
      draws = torch.slice(torch.view_copy(h, dtype=2), 0, first % 4, first % 4 + n, 1)  # (n) int16, uniform
      bits = torch.view_copy(torch.flatten(values), dtype=3)
      bits = torch.add_(torch.add_(bits, draws), 32768)
      cut = torch.view_copy(torch.bitwise_and_(bits, -65536), dtype=6)
      _0 = torch.copy_(target, torch.view_as(cut, target))
    return target

  def adamw_fused(self: __torch__.optimizers.Optimizers, p: List[Tensor], g: List[Tensor], m: List[Tensor], v: List[Tensor], steps: List[Tensor], divisor: Tensor, s: Tensor) -> Tensor:
    # Decoupled weight decay, one fused pass; gradients are divided by divisor (clipping).
    # s (5) float64: learning rate, beta 1, beta 2, weight decay, epsilon.
    lr = float(s[0])
    torch._foreach_add_(steps, 1)
    torch._fused_adamw_(p, g, m, v, annotate(List[Tensor], []), steps, lr=lr, beta1=float(s[1]), beta2=float(s[2]), weight_decay=float(s[3]), eps=float(s[4]), amsgrad=False, maximize=False, grad_scale=divisor, found_inf=None)
    return divisor

  def adamw(self: __torch__.optimizers.Optimizers, p: List[Tensor], g: List[Tensor], m: List[Tensor], v: List[Tensor], steps: List[Tensor], s: Tensor, key: Tensor) -> Tensor:
    # Adam with decoupled weight decay for weights in bfloat16: every array flat. s as in adamw_8bit.
    settings = annotate(List[float], s.tolist())
    torch._foreach_add_(steps, 1)
    for i in range(len(p)):
      n = p[i].size(0)
      a = 0
      while a < n:
        b = min(n, a + 262144)
        q = torch.to(p[i][a:b], 6)
        _0 = self.adam(q, g[i][a:b], m[i][a:b], v[i][a:b], settings)
        _1 = self.store(p[i][a:b], q, key)
        a = b
    return s

  def adam(self: __torch__.optimizers.Optimizers, p: Tensor, g: Tensor, m: Tensor, v: Tensor, s: List[float]) -> Tensor:
    # In place, all float32; g stays.
    grad = torch.div(g, s[0])
    first = torch.add_(torch.mul_(m, s[2]), grad, alpha=1.0 - s[2])
    second = torch.addcmul_(torch.mul_(v, s[3]), grad, grad, value=1.0 - s[3])
    denominator = torch.add_(torch.div_(torch.sqrt(second), s[7]), s[5])
    if s[4] > 0.0:
      _0 = torch.mul_(p, 1.0 - s[1] * s[4])
    return torch.addcdiv_(p, first, denominator, value=-s[1] / s[6])

  def adamw_8bit(self: __torch__.optimizers.Optimizers, p: List[Tensor], g: List[Tensor], m: List[Tensor], v: List[Tensor], mm: List[Tensor], vm: List[Tensor], maps: List[Tensor], s: Tensor, key: Tensor) -> Tensor:
    # Adam with decoupled weight decay: every array flat; moments m, v in 8 bits with the absmax mm, vm of their blocks.
    # maps: levels and cells of the first moment, the same of the second. s (9) float64: divisor, learning rate,
    # beta 1, beta 2, weight decay, epsilon, the bias corrections 1 - beta1^t and sqrt(1 - beta2^t), block.
    settings = annotate(List[float], s.tolist())
    block = int(settings[8])
    step = 49152  # what stays in a core's cache with its scratch memory
    for i in range(len(p)):
      n = p[i].size(0)
      whole = n - n % block
      a = 0
      while a < n:
        if a < whole:
          k = min(step, whole - a)
          rows = k // block
        else:
          k = n - whole
          rows = 1
        b = a // block
        q = torch.to(p[i][a:a + k], 6)
        _0 = self.piece(torch.view(q, [rows, -1]), torch.view(g[i][a:a + k], [rows, -1]), torch.view(m[i][a:a + k], [rows, -1]), torch.view(v[i][a:a + k], [rows, -1]), mm[i][b:b + rows], vm[i][b:b + rows], maps, settings)
        _1 = self.store(p[i][a:a + k], q, key)
        a = a + k
    return s

  def piece(self: __torch__.optimizers.Optimizers, p: Tensor, g: Tensor, m: Tensor, v: Tensor, mm: Tensor, vm: Tensor, maps: List[Tensor], s: List[float]) -> Tensor:
    # Some blocks, a row each.
    first = self.dequantized(m, mm, maps[0])
    second = self.dequantized(v, vm, maps[2])
    _0 = self.adam(p, g, first, second, s)
    _1 = self.quantize(first, m, mm, maps[1])
    return self.quantize(second, v, vm, maps[3])

  def dequantized(self: __torch__.optimizers.Optimizers, codes: Tensor, absmax: Tensor, levels: Tensor) -> Tensor:
    values = torch.index_select(levels, 0, torch.to(torch.flatten(codes), 3))
    return torch.mul_(torch.view(values, [absmax.size(0), -1]), torch.unsqueeze(absmax, 1))

  def quantize(self: __torch__.optimizers.Optimizers, x: Tensor, codes: Tensor, absmax: Tensor, cells: Tensor) -> Tensor:
    # x is overwritten. cells (65536) int32: by the upper 16 bits of a float32, what has its code in the upper 16 bits
    # when the lower ones are added, which are inverted where the number is negative.
    top = torch.amax(torch.abs(x), [1])
    top = torch.masked_fill_(top, torch.eq(top, 0.0), 1.0)
    bits = torch.view_copy(torch.flatten(torch.div_(x, torch.unsqueeze(top, 1))), dtype=3)
    found = torch.index_select(cells, 0, torch.bitwise_and(torch.bitwise_right_shift(bits, 16), 65535))
    lower = torch.bitwise_and_(torch.bitwise_xor_(bits, torch.bitwise_right_shift(bits, 31)), 65535)
    code = torch.bitwise_right_shift(torch.add_(found, lower), 16)
    _0 = torch.copy_(absmax, top)
    return torch.copy_(codes, torch.view(code, [codes.size(0), codes.size(1)]))

  def sgd(self: __torch__.optimizers.Optimizers, p: List[Tensor], g: List[Tensor], s: Tensor, key: Tensor) -> Tensor:
    # All arrays flat. s (3) float64: divisor, learning rate, weight decay. The gradients are changed.
    settings = annotate(List[float], s.tolist())
    torch._foreach_div_(g, settings[0])
    for i in range(len(p)):
      n = p[i].size(0)
      a = 0
      while a < n:
        b = min(n, a + 262144)
        q = torch.to(p[i][a:b], 6)
        grad = g[i][a:b]
        if settings[2] > 0.0:
          _0 = torch.add_(grad, q, alpha=settings[2])
        _1 = torch.add_(q, grad, alpha=-settings[1])
        _2 = self.store(p[i][a:b], q, key)
        a = b
    return s

  def lion(self: __torch__.optimizers.Optimizers, p: List[Tensor], g: List[Tensor], m: List[Tensor], s: Tensor, key: Tensor) -> Tensor:
    # All arrays flat. s (5) float64: divisor, learning rate, beta 1, beta 2, weight decay. The gradients are changed.
    settings = annotate(List[float], s.tolist())
    torch._foreach_div_(g, settings[0])
    for i in range(len(p)):
      # In pieces, as the direction needs memory of its own.
      n = p[i].size(0)
      a = 0
      while a < n:
        b = min(n, a + 262144)
        q = torch.to(p[i][a:b], 6)
        if settings[4] > 0.0:
          _0 = torch.mul_(q, 1.0 - settings[1] * settings[4])
        direction = torch.sign_(torch.add_(torch.mul(m[i][a:b], settings[2]), g[i][a:b], alpha=1.0 - settings[2]))
        _1 = torch.add_(q, direction, alpha=-settings[1])
        _2 = torch.add_(torch.mul_(m[i][a:b], settings[3]), g[i][a:b], alpha=1.0 - settings[3])
        _3 = self.store(p[i][a:b], q, key)
        a = b
    return s

  def adafactor(self: __torch__.optimizers.Optimizers, p: List[Tensor], g: List[Tensor], rows: List[Tensor], columns: List[Tensor], s: Tensor, key: Tensor) -> Tensor:
    # Matrices (O, I) with the mean squares of their rows (O) and columns (I); or flat arrays (O), each a row by itself,
    # with columns empty. s (4) float64: divisor, learning rate, weight decay, decay of the squares 1 - t^-0.8.
    settings = annotate(List[float], s.tolist())
    decay = settings[3]
    for i in range(len(p)):
      grad = torch.div_(g[i], settings[0])
      squares = torch.add_(torch.mul(grad, grad), 1e-30)
      if columns[i].size(0) > 0:
        r = torch.add_(torch.mul_(rows[i], decay), torch.mean(squares, [1]), alpha=1.0 - decay)
        c = torch.add_(torch.mul_(columns[i], decay), torch.mean(squares, [0]), alpha=1.0 - decay)
        update = torch.mul(torch.unsqueeze(torch.rsqrt(torch.div(r, torch.mean(r))), 1), torch.rsqrt(c), out=squares)
      else:
        r = torch.add_(torch.mul_(rows[i], decay), squares, alpha=1.0 - decay)
        update = torch.rsqrt(r)
      update = torch.view(torch.mul_(update, grad), [-1])
      rms = float(torch.linalg_vector_norm(update, 2)) / float(update.numel()) ** 0.5
      flat = torch.view(p[i], [-1])
      n = flat.size(0)
      a = 0
      while a < n:
        b = min(n, a + 262144)
        q = torch.to(flat[a:b], 6)
        if settings[2] > 0.0:
          _0 = torch.mul_(q, 1.0 - settings[1] * settings[2])
        _1 = torch.sub_(q, update[a:b], alpha=settings[1] / max(1.0, rms))
        _2 = self.store(flat[a:b], q, key)
        a = b
    return s
