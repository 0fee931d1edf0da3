-- mandelbrot.c in Lua.
local function steps(cx, cy)
  local x, y = 0.0, 0.0
  for i = 0, 49 do
    local xx, yy = x * x, y * y
    if xx + yy > 4 then return i end
    y = 2 * x * y + cy
    x = xx - yy + cx
  end
  return 50
end

local inside, checksum, n = 0, 0, tonumber(arg[2])
for _ = 1, tonumber(arg[1]) do
  for row = 0, n - 1 do
    for column = 0, n - 1 do
      local found = steps(2.0 * column / n - 1.5, 2.0 * row / n - 1.0)
      if found == 50 then inside = inside + 1 end
      checksum = (checksum * 31 + found) % 4294967296
    end
  end
end
print(string.format("%d %d", inside, checksum))
