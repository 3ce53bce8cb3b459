package io.tuskmq.node.rules;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tuskmq.node.rules.IdQuestions.Question;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What peers have not answered yet about client ids. */
class IdQuestionsTest {
    private static final Question A = question("a", 5);
    private static final Question B = question("b", 6);

    private static Question question(String clientId, long number) {
        return new Question(new Claimant(clientId, "alice"), number);
    }

    private final IdQuestions questions = new IdQuestions();

    @Test
    void stayUntilTheyAreAnswered() {
        questions.add(1, A);
        questions.add(1, B);
        questions.add(2, A);
        assertEquals(List.of(A, B), questions.next(1, 9));
        questions.answered(1, A);
        assertEquals(List.of(B), questions.next(1, 9));
        assertEquals(List.of(A), questions.next(2, 9));
    }

    @Test
    void areAskedSomeAtATime() {
        questions.add(1, A);
        questions.add(1, B);
        assertEquals(List.of(A), questions.next(1, 1));
    }

    /** Found by the simulation of the cluster, seed 235: a third node took the id, and nobody knew of the older connection. */
    @Test
    void outliveTheConnection() {
        questions.add(1, A);
        questions.add(2, A);
        assertTrue(questions.ended(A));
        assertEquals(List.of(A), questions.next(1, 9));
        assertEquals(Set.of(1L, 2L), questions.unanswered("a"));
        assertFalse(questions.answered(1, A), "another answer is missing");
        assertTrue(questions.answered(2, A), "the map's entry can go");
        assertFalse(questions.ended(A));
    }

    @Test
    void endWithAConnectionThatOthersDoNotKnow() {
        Question unseen = question("a", -3);
        questions.add(1, unseen);
        assertFalse(questions.ended(unseen));
        assertEquals(List.of(), questions.next(1, 9));
    }

    @Test
    void endWithThePeerAfterTheConnection() {
        questions.add(1, A);
        questions.add(2, A);
        questions.ended(A);
        assertEquals(List.of(), questions.retain(Set.of(2L)));
        assertEquals(List.of(A), questions.retain(Set.of()));
    }

    @Test
    void aNewerConnectionsQuestionTakesThePlace() {
        questions.add(1, A);
        questions.ended(A);
        Question newer = question("a", 7);
        questions.add(1, newer);
        assertFalse(questions.answered(1, newer), "its connection stands");
        assertEquals(List.of(), questions.retain(Set.of()));
    }

    @Test
    void anOlderConnectionsEndLeavesThoseOfTheNewer() {
        questions.add(1, A);
        questions.add(1, question("a", 7));
        questions.ended(A);
        questions.answered(1, A);
        assertEquals(List.of(question("a", 7)), questions.next(1, 9));
    }

    @Test
    void askWithTheConnectionsNewNumber() {
        questions.add(1, question("a", -3));
        questions.renumbered(question("a", -3), 8);
        assertEquals(List.of(question("a", 8)), questions.next(1, 9));
    }

    @Test
    void endWithThePeer() {
        questions.add(1, A);
        questions.add(2, B);
        questions.retain(Set.of(2L));
        assertEquals(List.of(), questions.next(1, 9));
        assertEquals(List.of(B), questions.next(2, 9));
    }
}
