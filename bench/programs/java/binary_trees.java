/** binary_trees.c in Java, with its collector. */
class binary_trees {
    static final class Node {
        Node left, right;
    }

    static Node make(int depth) {
        Node made = new Node();
        if (depth > 0) {
            made.left = make(depth - 1);
            made.right = make(depth - 1);
        }
        return made;
    }

    static int count(Node tree) {
        return tree.left != null ? 1 + count(tree.left) + count(tree.right) : 1;
    }

    public static void main(String[] args) {
        int repeats = Integer.parseInt(args[0]), depth = Integer.parseInt(args[1]);
        for (int round = 0; round < repeats; round++) {
            System.out.println("stretch tree of depth " + (depth + 1) + ": " + count(make(depth + 1)));
            Node kept = make(depth);
            for (int low = 4; low <= depth; low += 4) {
                int trees = 1 << (depth - low + 4), nodes = 0;
                for (int i = 0; i < trees; i++) nodes += count(make(low));
                System.out.println(trees + " trees of depth " + low + ": " + nodes);
            }
            System.out.println("long lived tree of depth " + depth + ": " + count(kept));
        }
    }
}
