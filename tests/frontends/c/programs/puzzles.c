/* Sudokus from standard input by propagation and search, queens on boards, magic squares, knights' tours. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static uint16_t candidates[81];
static int peers[81][20];
static unsigned guesses;

static void find_peers(void) {
  for (int a = 0; a < 81; a++) {
    int count = 0;
    for (int b = 0; b < 81; b++) {
      bool box = a / 27 == b / 27 && a % 9 / 3 == b % 9 / 3;
      if (a != b && (a / 9 == b / 9 || a % 9 == b % 9 || box)) peers[a][count++] = b;
    }
  }
}

static bool eliminate(int cell, uint16_t bit);

static bool assign(int cell, uint16_t bit) {
  uint16_t others = candidates[cell] & (uint16_t)~bit;
  for (uint16_t each = 1; each < 512; each = (uint16_t)(each << 1))
    if (others & each && !eliminate(cell, each)) return false;
  return true;
}

static bool eliminate(int cell, uint16_t bit) {
  if (!(candidates[cell] & bit)) return true;
  candidates[cell] &= (uint16_t)~bit;
  uint16_t left = candidates[cell];
  if (!left) return false;
  if (!(left & (left - 1)))
    for (int i = 0; i < 20; i++)
      if (!eliminate(peers[cell][i], left)) return false;
  return true;
}

static int bits(uint16_t x) {
  int count = 0;
  for (; x; x &= (uint16_t)(x - 1)) count++;
  return count;
}

static bool search(void) {
  int best = -1;
  for (int i = 0; i < 81; i++)
    if (bits(candidates[i]) > 1 && (best < 0 || bits(candidates[i]) < bits(candidates[best]))) best = i;
  if (best < 0) return true;
  uint16_t saved[81];
  memcpy(saved, candidates, sizeof saved);
  for (uint16_t bit = 1; bit < 512; bit = (uint16_t)(bit << 1)) {
    if (!(saved[best] & bit)) continue;
    guesses++;
    if (assign(best, bit) && search()) return true;
    memcpy(candidates, saved, sizeof saved);
  }
  return false;
}

static void sudoku(const char *puzzle) {
  for (int i = 0; i < 81; i++) candidates[i] = 511;
  guesses = 0;
  bool possible = true;
  for (int i = 0; i < 81 && possible; i++)
    if (puzzle[i] >= '1' && puzzle[i] <= '9') possible = assign(i, (uint16_t)(1 << (puzzle[i] - '1')));
  if (!possible || !search()) {
    printf("impossible after %u guesses\n\n", guesses);
    return;
  }
  for (int i = 0; i < 81; i++) {
    int digit = 0;
    while (candidates[i] >> digit != 1) digit++;
    printf("%d%s", digit + 1, i % 9 == 8 ? "\n" : i % 3 == 2 ? "|" : " ");
    if (i % 27 == 26 && i < 80) puts("-----+-----+-----");
  }
  printf("%u guesses\n\n", guesses);
}

static unsigned queens(unsigned all, unsigned columns, unsigned left, unsigned right) {
  if (columns == all) return 1;
  unsigned count = 0;
  for (unsigned free_ = all & ~(columns | left | right); free_;) {
    unsigned bit = free_ & -free_;
    free_ ^= bit;
    count += queens(all, columns | bit, (left | bit) << 1, (right | bit) >> 1);
  }
  return count;
}

static void magic(int n) {
  int square[15][15] = {{0}}, row = 0, column = n / 2;
  for (int i = 1; i <= n * n; i++) {
    square[row][column] = i;
    int r = (row + n - 1) % n, c = (column + 1) % n;
    if (square[r][c]) r = (row + 1) % n, c = column;
    row = r, column = c;
  }
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++) printf("%4d%s", square[i][j], j + 1 == n ? "\n" : "");
}

static const int moves[8][2] = {{1, 2}, {2, 1}, {2, -1}, {1, -2}, {-1, -2}, {-2, -1}, {-2, 1}, {-1, 2}};

static int exits(int board[8][8], int r, int c) {
  int count = 0;
  for (int i = 0; i < 8; i++) {
    int y = r + moves[i][0], x = c + moves[i][1];
    count += y >= 0 && y < 8 && x >= 0 && x < 8 && !board[y][x];
  }
  return count;
}

static void tour(int r, int c) {
  int board[8][8] = {{0}}, step = 1;
  for (;; step++) {
    board[r][c] = step;
    int best = 9, move = -1;
    for (int i = 0; i < 8; i++) {
      int y = r + moves[i][0], x = c + moves[i][1];
      if (y < 0 || y > 7 || x < 0 || x > 7 || board[y][x]) continue;
      int count = exits(board, y, x);
      if (count < best) best = count, move = i;
    }
    if (move < 0) break;
    r += moves[move][0], c += moves[move][1];
  }
  printf("%d steps\n", step);
  for (int i = 0; i < 8; i++)
    for (int j = 0; j < 8; j++) printf("%3d%c", board[i][j], j == 7 ? '\n' : ' ');
}

int main(void) {
  char line[100];
  find_peers();
  while (fgets(line, sizeof line, stdin))
    if (strlen(line) >= 81) sudoku(line);
  for (int n = 1; n <= 9; n++) printf("%d queens: %u\n", n, queens((1u << n) - 1, 0, 0, 0));
  magic(7);
  tour(0, 0);
  return 7;
}
