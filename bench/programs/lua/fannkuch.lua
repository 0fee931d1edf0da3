-- fannkuch.c in Lua.
local work = {}

local function flips(permutation, n)
  local count = 0
  for i = 0, n - 1 do work[i] = permutation[i] end
  local first = work[0]
  while first ~= 0 do
    local low, high = 0, first
    while low < high do
      work[low], work[high] = work[high], work[low]
      low, high = low + 1, high - 1
    end
    count = count + 1
    first = work[0]
  end
  return count
end

local function fannkuch(n, checksum)
  local permutation, left, most, odd, depth = {}, {}, 0, false, n
  for i = 0, n - 1 do permutation[i] = i end
  while true do
    while depth > 1 do
      left[depth - 1] = depth
      depth = depth - 1
    end
    local count = flips(permutation, n)
    if count > most then most = count end
    checksum = checksum + (odd and -count or count)
    odd = not odd
    while true do
      if depth == n then return most, checksum end
      local first = permutation[0]
      for i = 0, depth - 1 do permutation[i] = permutation[i + 1] end
      permutation[depth] = first
      left[depth] = left[depth] - 1
      if left[depth] > 0 then break end
      depth = depth + 1
    end
  end
end

local checksum, sum = 0, 0
for _ = 1, tonumber(arg[1]) do
  local most
  most, checksum = fannkuch(tonumber(arg[2]), checksum)
  sum = sum + most
end
print(string.format("%d %d", checksum, sum))
