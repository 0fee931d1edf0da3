/* Binary trees that are made, counted and freed, one node a time: binary_trees REPEATS DEPTH. After Ellis, Kovac and
   Boehm's GCBench, in the form that the Computer Language Benchmarks Game gave it. */
#include <stdio.h>
#include <stdlib.h>

struct node {
  struct node *left, *right;
};

static struct node *make(int depth) {
  struct node *made = malloc(sizeof *made);
  made->left = depth ? make(depth - 1) : NULL;
  made->right = depth ? make(depth - 1) : NULL;
  return made;
}

static int count(const struct node *tree) { return tree->left ? 1 + count(tree->left) + count(tree->right) : 1; }

static void drop(struct node *tree) {
  if (tree->left) {
    drop(tree->left);
    drop(tree->right);
  }
  free(tree);
}

static void run(int depth) {
  struct node *tree = make(depth + 1);
  printf("stretch tree of depth %d: %d\n", depth + 1, count(tree));
  drop(tree);
  struct node *kept = make(depth);
  for (int low = 4; low <= depth; low += 4) {
    int trees = 1 << (depth - low + 4), nodes = 0;
    for (int i = 0; i < trees; i++) {
      tree = make(low);
      nodes += count(tree);
      drop(tree);
    }
    printf("%d trees of depth %d: %d\n", trees, low, nodes);
  }
  printf("long lived tree of depth %d: %d\n", depth, count(kept));
  drop(kept);
}

int main(int argc, char **argv) {
  int repeats = argc > 1 ? atoi(argv[1]) : 1, depth = argc > 2 ? atoi(argv[2]) : 16;
  while (repeats-- > 0) run(depth);
  return 0;
}
