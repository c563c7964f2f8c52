# Operations on arrays of every type, which DJL does not have.
class Tensors(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  def copy(self: __torch__.tensors.Tensors, target: Tensor, source: Tensor) -> Tensor:
    return torch.copy_(target, source)

  def clear(self: __torch__.tensors.Tensors, target: Tensor) -> Tensor:
    return torch.zero_(target)

  def fill_rows(self: __torch__.tensors.Tensors, matrix: Tensor, count: Tensor) -> Tensor:
    # Puts the mean of the first rows, a float32 sum, into each of the others.
    n = int(count)
    return torch.copy_(matrix[n:], torch.mean(matrix[:n], [0], False, dtype=6))

  def rows(self: __torch__.tensors.Tensors, matrix: Tensor, ids: Tensor) -> Tensor:
    return torch.index_select(matrix, 0, ids)

  def put_rows(self: __torch__.tensors.Tensors, matrix: Tensor, ids: Tensor, rows: Tensor) -> Tensor:
    return torch.index_copy_(matrix, 0, ids, torch.to(rows, matrix.dtype))

  def product(self: __torch__.tensors.Tensors, a: Tensor, b: Tensor) -> Tensor:
    return torch.linear(a, b)

  def cast(self: __torch__.tensors.Tensors, x: Tensor, dtype: Tensor) -> Tensor:
    return torch.to(x, int(dtype))

  def empty(self: __torch__.tensors.Tensors, shape: Tensor, dtype: Tensor) -> Tensor:
    size = annotate(List[int], shape.tolist())
    return torch.empty(size, dtype=int(dtype), layout=0, device=shape.device, pin_memory=False)

  def mapped(self: __torch__.tensors.Tensors, name: Tensor, form: Tensor) -> Tensor:
    # A file on the memory that its pages have anyway. name: its path in UTF-8, form (3): type and number of elements,
    # and 1 where what is written goes to the file.
    path = ""
    for byte in annotate(List[int], name.tolist()):
      path = path + chr(byte)
    return torch.from_file(path, int(form[2]) == 1, int(form[1]), dtype=int(form[0]))
