-- nqueens.c in Lua.
local column = {}

local function fits(row, at)
  for i = 0, row - 1 do
    local other, distance = column[i], row - i
    if other == at or other == at - distance or other == at + distance then return false end
  end
  return true
end

local function place(row, n)
  if row == n then return 1 end
  local count = 0
  for at = 0, n - 1 do
    if fits(row, at) then
      column[row] = at
      count = count + place(row + 1, n)
    end
  end
  return count
end

local sum = 0
for _ = 1, tonumber(arg[1]) do sum = (sum * 31 + place(0, tonumber(arg[2]))) % 4294967296 end
print(string.format("%d", sum))
