-- matmul.c in Lua.
local function matrix(n)
  local rows = {}
  for i = 0, n - 1 do rows[i] = {} end
  return rows
end

local function multiply(n, a, b, turned, product)
  for i = 0, n - 1 do
    local row = turned[i]
    for j = 0, n - 1 do row[j] = b[j][i] end
  end
  for i = 0, n - 1 do
    local left, row = a[i], product[i]
    for j = 0, n - 1 do
      local right, sum = turned[j], 0.0
      for k = 0, n - 1 do sum = sum + left[k] * right[k] end
      row[j] = sum
    end
  end
end

local n = tonumber(arg[2])
local a, b, turned, product, sum = matrix(n), matrix(n), matrix(n), matrix(n), 0.0
for i = 0, n - 1 do
  for j = 0, n - 1 do
    a[i][j] = (i - j) * (i + j) / n / n
    b[i][j] = (j - i) * (i + j + 1) / n / n
  end
end
local half, third = math.floor(n / 2), math.floor(n / 3)
for _ = 1, tonumber(arg[1]) do
  multiply(n, a, b, turned, product)
  sum = sum + product[half][half]
  a[third][half] = a[third][half] + 1
end
print(string.format("%.6f", sum))
