-- spectral_norm.c in Lua.
local function element(i, j) return 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1) end

local function times(n, v, out)
  for i = 0, n - 1 do
    local sum = 0
    for j = 0, n - 1 do sum = sum + element(i, j) * v[j] end
    out[i] = sum
  end
end

local function times_transposed(n, v, out)
  for i = 0, n - 1 do
    local sum = 0
    for j = 0, n - 1 do sum = sum + element(j, i) * v[j] end
    out[i] = sum
  end
end

local function norm(n)
  local u, v, between = {}, {}, {}
  for i = 0, n - 1 do u[i] = 1 end
  for _ = 1, 10 do
    times(n, u, between)
    times_transposed(n, between, v)
    times(n, v, between)
    times_transposed(n, between, u)
  end
  local uv, vv = 0, 0
  for i = 0, n - 1 do
    uv = uv + u[i] * v[i]
    vv = vv + v[i] * v[i]
  end
  return math.sqrt(uv / vv)
end

local sum = 0
for _ = 1, tonumber(arg[1]) do sum = sum + norm(tonumber(arg[2])) end
print(string.format("%.9f", sum))
