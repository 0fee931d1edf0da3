-- fib.c in Lua.
local function fib(n)
  if n < 2 then return n end
  return fib(n - 1) + fib(n - 2)
end

local sum, n = 0, tonumber(arg[2])
for _ = 1, tonumber(arg[1]) do sum = (sum * 31 + fib(n + (sum == 1 and 1 or 0))) % 4294967296 end
print(string.format("%d", sum))
