-- nbody.c in Lua.
local sqrt = math.sqrt
local PI = 3.141592653589793
local SUN = 4 * PI * PI
local YEAR = 365.24

local function body(x, y, z, vx, vy, vz, mass)
  return { x = x, y = y, z = z, vx = vx * YEAR, vy = vy * YEAR, vz = vz * YEAR, mass = mass * SUN }
end

local bodies = {
  body(0, 0, 0, 0, 0, 0, 1),
  body(4.84143144246472090e+00, -1.16032004402742839e+00, -1.03622044471123109e-01, 1.66007664274403694e-03,
    7.69901118419740425e-03, -6.90460016972063023e-05, 9.54791938424326609e-04),
  body(8.34336671824457987e+00, 4.12479856412430479e+00, -4.03523417114321381e-01, -2.76742510726411021e-03,
    4.99852801234917238e-03, 2.30417297573763929e-05, 2.85885980666130812e-04),
  body(1.28943695621391310e+01, -1.51111514016986312e+01, -2.23307578892655734e-01, 2.96460137564761618e-03,
    2.37847173959480950e-03, -2.96589568540237556e-05, 4.36624404335156298e-05),
  body(1.53796971148509165e+01, -2.59193146099879641e+01, 1.79258772950371181e-01, 2.68067772490389322e-03,
    1.62824170038242295e-03, -9.51592254519715870e-05, 5.15138902046611451e-05),
}
local BODIES = #bodies

local function advance(step)
  for i = 1, BODIES do
    local a = bodies[i]
    for j = i + 1, BODIES do
      local b = bodies[j]
      local dx, dy, dz = a.x - b.x, a.y - b.y, a.z - b.z
      local square = dx * dx + dy * dy + dz * dz
      local pull = step / (square * sqrt(square))
      a.vx = a.vx - dx * b.mass * pull
      a.vy = a.vy - dy * b.mass * pull
      a.vz = a.vz - dz * b.mass * pull
      b.vx = b.vx + dx * a.mass * pull
      b.vy = b.vy + dy * a.mass * pull
      b.vz = b.vz + dz * a.mass * pull
    end
  end
  for i = 1, BODIES do
    local a = bodies[i]
    a.x = a.x + step * a.vx
    a.y = a.y + step * a.vy
    a.z = a.z + step * a.vz
  end
end

local function energy()
  local sum = 0
  for i = 1, BODIES do
    local a = bodies[i]
    sum = sum + 0.5 * a.mass * (a.vx * a.vx + a.vy * a.vy + a.vz * a.vz)
    for j = i + 1, BODIES do
      local b = bodies[j]
      local dx, dy, dz = a.x - b.x, a.y - b.y, a.z - b.z
      sum = sum - a.mass * b.mass / sqrt(dx * dx + dy * dy + dz * dz)
    end
  end
  return sum
end

local px, py, pz = 0, 0, 0
for _, a in ipairs(bodies) do
  px = px + a.vx * a.mass
  py = py + a.vy * a.mass
  pz = pz + a.vz * a.mass
end
bodies[1].vx, bodies[1].vy, bodies[1].vz = -px / SUN, -py / SUN, -pz / SUN
print(string.format("%.9f", energy()))
for _ = 1, tonumber(arg[1]) do
  for _ = 1, tonumber(arg[2]) do advance(0.01) end
end
print(string.format("%.9f", energy()))
