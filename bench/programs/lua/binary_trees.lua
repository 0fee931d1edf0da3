-- binary_trees.c in Lua, with its collector.
local function make(depth)
  if depth == 0 then return {} end
  return { make(depth - 1), make(depth - 1) }
end

local function count(tree)
  if not tree[1] then return 1 end
  return 1 + count(tree[1]) + count(tree[2])
end

local depth = tonumber(arg[2])
for _ = 1, tonumber(arg[1]) do
  print(string.format("stretch tree of depth %d: %d", depth + 1, count(make(depth + 1))))
  local kept = make(depth)
  local trees = 1
  for _ = 1, depth do trees = trees * 2 end
  for low = 4, depth, 4 do
    local nodes = 0
    for _ = 1, trees do nodes = nodes + count(make(low)) end
    print(string.format("%d trees of depth %d: %d", trees, low, nodes))
    trees = math.floor(trees / 16)
  end
  print(string.format("long lived tree of depth %d: %d", depth, count(kept)))
end
