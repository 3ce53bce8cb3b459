package io.tuskmq.node;

sealed interface X {
    record A(int a, String b) implements X {}

    record B() implements X {}

    static int f(X x) {
        return switch (x) {
            case A(int a, String b) -> a + b.length();
            case B _ -> 2;
        };
    }
}
