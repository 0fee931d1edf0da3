-- sieve.c in Lua.
local composite = {}

local function primes(n)
  local count = 0
  for i = 0, n - 1 do composite[i] = false end
  for i = 2, n - 1 do
    if not composite[i] then
      count = count + 1
      for j = i + i, n - 1, i do composite[j] = true end
    end
  end
  return count
end

local sum = 0
for _ = 1, tonumber(arg[1]) do sum = (sum * 31 + primes(tonumber(arg[2]))) % 4294967296 end
print(string.format("%d", sum))
