/* A picture of spheres over a chequered floor, with shadows and reflections, as a PPM in text. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#define WIDTH 64
#define HEIGHT 40
#define DEPTH 4

typedef struct {
  double x, y, z;
} Vector;

static Vector vector(double x, double y, double z) { return (Vector){x, y, z}; }
static Vector add(Vector a, Vector b) { return vector(a.x + b.x, a.y + b.y, a.z + b.z); }
static Vector subtract(Vector a, Vector b) { return vector(a.x - b.x, a.y - b.y, a.z - b.z); }
static Vector scale(Vector a, double by) { return vector(a.x * by, a.y * by, a.z * by); }
static Vector times(Vector a, Vector b) { return vector(a.x * b.x, a.y * b.y, a.z * b.z); }
static double dot(Vector a, Vector b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
static double length(Vector a) { return sqrt(dot(a, a)); }
static Vector unit(Vector a) { return scale(a, 1 / length(a)); }

typedef struct {
  Vector centre, colour;
  double radius, mirror, shine;
} Sphere;

static const Sphere spheres[] = {
    {{0, 1, 6}, {0.9, 0.2, 0.2}, 1, 0.3, 50},
    {{-2, 0.7, 5}, {0.2, 0.9, 0.3}, 0.7, 0.2, 20},
    {{1.8, 0.6, 4.5}, {0.3, 0.4, 0.95}, 0.6, 0.4, 80},
    {{0.3, 0.3, 3.6}, {0.95, 0.85, 0.3}, 0.3, 0.1, 10},
};
#define SPHERES ((int)(sizeof spheres / sizeof *spheres))

static const struct {
  Vector place;
  double power;
} lights[] = {{{5, 8, 0}, 0.7}, {{-6, 5, 2}, 0.4}};

typedef struct {
  double distance;
  Vector point, normal, colour;
  double mirror, shine;
} Hit;

static bool hit_sphere(const Sphere *s, Vector from, Vector along, double *distance) {
  Vector to = subtract(from, s->centre);
  double b = dot(to, along), c = dot(to, to) - s->radius * s->radius, d = b * b - c;
  if (d < 0) return false;
  double root = sqrt(d), near = -b - root, far = -b + root;
  *distance = near > 1e-6 ? near : far;
  return *distance > 1e-6;
}

static bool find(Vector from, Vector along, Hit *hit) {
  double distance;
  hit->distance = INFINITY;
  for (int i = 0; i < SPHERES; i++) {
    if (!hit_sphere(&spheres[i], from, along, &distance) || distance >= hit->distance) continue;
    hit->distance = distance;
    hit->point = add(from, scale(along, distance));
    hit->normal = unit(subtract(hit->point, spheres[i].centre));
    hit->colour = spheres[i].colour;
    hit->mirror = spheres[i].mirror;
    hit->shine = spheres[i].shine;
  }
  if (along.y < -1e-9 && -from.y / along.y > 1e-6 && -from.y / along.y < hit->distance) {
    hit->distance = -from.y / along.y;
    hit->point = add(from, scale(along, hit->distance));
    hit->normal = vector(0, 1, 0);
    int odd = ((int)floor(hit->point.x) + (int)floor(hit->point.z)) & 1;
    hit->colour = odd ? vector(0.1, 0.1, 0.1) : vector(0.9, 0.9, 0.9);
    hit->mirror = 0.15;
    hit->shine = 0;
  }
  return hit->distance < INFINITY;
}

static double whole_power(double base, double exponent) {
  double result = 1;
  for (int n = (int)exponent; n; n >>= 1, base *= base)
    if (n & 1) result *= base;
  return result;
}

static Vector trace(Vector from, Vector along, int depth) {
  Hit hit, other;
  if (!find(from, along, &hit)) return add(vector(0.4, 0.6, 0.9), scale(vector(0.5, 0.3, 0.1), 1 - along.y));
  Vector colour = scale(hit.colour, 0.1);
  for (size_t i = 0; i < sizeof lights / sizeof *lights; i++) {
    Vector way = subtract(lights[i].place, hit.point);
    double far = length(way);
    way = scale(way, 1 / far);
    Vector start = add(hit.point, scale(hit.normal, 1e-4));
    if (find(start, way, &other) && other.distance < far) continue;
    double facing = dot(hit.normal, way);
    if (facing > 0) colour = add(colour, scale(hit.colour, facing * lights[i].power));
    Vector reflected = subtract(scale(hit.normal, 2 * facing), way);
    double glance = -dot(reflected, along);
    if (hit.shine > 0 && glance > 0) {
      double gloss = whole_power(glance, hit.shine) * lights[i].power;
      colour = add(colour, vector(gloss, gloss, gloss));
    }
  }
  if (depth > 0 && hit.mirror > 0) {
    Vector away = subtract(along, scale(hit.normal, 2 * dot(along, hit.normal)));
    Vector seen = trace(add(hit.point, scale(hit.normal, 1e-4)), unit(away), depth - 1);
    colour = add(scale(colour, 1 - hit.mirror), scale(times(seen, vector(1, 1, 1)), hit.mirror));
  }
  return colour;
}

static int byte(double value) {
  value = value < 0 ? 0 : value > 1 ? 1 : value;
  return (int)lround(sqrt(value) * 255);
}

int main(void) {
  printf("P3\n%d %d\n255\n", WIDTH, HEIGHT);
  for (int y = 0; y < HEIGHT; y++)
    for (int x = 0; x < WIDTH; x++) {
      double sx = (x + 0.5 - WIDTH / 2.0) / WIDTH * 2, sy = -(y + 0.5 - HEIGHT / 2.0) / WIDTH * 2;
      Vector colour = trace(vector(0, 1.2, 0), unit(vector(sx, sy, 1.6)), DEPTH);
      printf("%d %d %d%c", byte(colour.x), byte(colour.y), byte(colour.z), x + 1 < WIDTH ? ' ' : '\n');
    }
  return 0;
}
