package io.tuskmq.cluster.hazelcast;

import com.hazelcast.map.EntryProcessor;
import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.DataSerializableFactory;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import java.io.IOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The changes of {@link ClientIds}' maps, carried out where the entry is. Their arguments travel as a few numbers, in a form that the next
 * release can read; the numbers of the classes must never be used for anything else.
 */
abstract sealed class MapChange<V, R> implements EntryProcessor<String, V, R>, IdentifiedDataSerializable {
    static final int FACTORY = 7_001;
    private static final long serialVersionUID = 1L;
    private static final int TAKE = 1;
    private static final int LEAVE = 2;
    private static final int FORGET = 3;
    private static final int COORDINATE = 4;
    private static final int LEAVE_GROUP = 5;
    private static final int KEEP = 6;

    private final int classId;
    /** What the change needs. */
    long[] arguments;

    private MapChange(int classId, long... arguments) {
        this.classId = classId;
        this.arguments = arguments;
    }

    static DataSerializableFactory factory() {
        return classId -> switch (classId) {
            case TAKE -> new Take(0, 0);
            case LEAVE -> new Leave(0);
            case FORGET -> new Forget(0);
            case COORDINATE -> new Coordinate(0);
            case LEAVE_GROUP -> new LeaveGroup(0);
            case KEEP -> new Keep(0, 0, 0);
            default -> throw new IllegalArgumentException("unknown change " + classId);
        };
    }

    @Override
    public int getFactoryId() {
        return FACTORY;
    }

    @Override
    public int getClassId() {
        return classId;
    }

    @Override
    public void writeData(ObjectDataOutput out) throws IOException {
        out.writeLongArray(arguments);
    }

    @Override
    public void readData(ObjectDataInput in) throws IOException {
        long[] read = in.readLongArray();
        arguments = read == null ? new long[0] : read;
    }

    /** Takes a client id: answers its number, and who had it before. */
    static final class Take extends MapChange<long[], long[]> {
        private static final long serialVersionUID = 1L;

        Take(long incarnation, long numberMin) {
            super(TAKE, incarnation, numberMin);
        }

        @Override
        public long[] process(Map.Entry<String, long[]> entry) {
            long[] before = entry.getValue();
            long number = before == null ? arguments[1] : Math.max(before[0] + 1, arguments[1]);
            entry.setValue(new long[] {number, arguments[0]});
            return before == null ? new long[] {number} : new long[] {number, before[1]};
        }
    }

    /** Gives a client id back, if it wasn't taken anew. */
    static final class Leave extends MapChange<long[], @Nullable Void> {
        private static final long serialVersionUID = 1L;

        Leave(long number) {
            super(LEAVE, number);
        }

        @Override
        @SuppressWarnings("NullAway") // setValue(null) is how an entry is removed
        public @Nullable Void process(Map.Entry<String, long[]> entry) {
            long[] before = entry.getValue();
            if (before != null && before[0] == arguments[0]) {
                entry.setValue(null);
            }
            return null;
        }
    }

    /** Notes the client id again where it was before it was taken in vain, if it wasn't taken anew. */
    static final class Keep extends MapChange<long[], @Nullable Void> {
        private static final long serialVersionUID = 1L;

        Keep(long taken, long number, long incarnation) {
            super(KEEP, taken, number, incarnation);
        }

        @Override
        public @Nullable Void process(Map.Entry<String, long[]> entry) {
            long[] before = entry.getValue();
            if (before != null && before[0] == arguments[0]) {
                entry.setValue(new long[] {arguments[1], arguments[2]});
            }
            return null;
        }
    }

    /** Removes the entry if it is that of a node which is gone. */
    static final class Forget extends MapChange<long[], @Nullable Void> {
        private static final long serialVersionUID = 1L;

        Forget(long incarnation) {
            super(FORGET, incarnation);
        }

        @Override
        @SuppressWarnings("NullAway") // setValue(null) is how an entry is removed
        public @Nullable Void process(Map.Entry<String, long[]> entry) {
            long[] before = entry.getValue();
            if (before != null && before[1] == arguments[0]) {
                entry.setValue(null);
            }
            return null;
        }
    }

    /** Answers who coordinates the group: the one that is noted, if it lives, else the caller. */
    static final class Coordinate extends MapChange<Long, Long> {
        private static final long serialVersionUID = 1L;

        Coordinate(long self, long... live) {
            super(COORDINATE, arguments(self, live));
        }

        @Override
        public Long process(Map.Entry<String, Long> entry) {
            Long noted = entry.getValue();
            if (noted != null) {
                for (long live : arguments) {
                    if (live == noted) {
                        return noted;
                    }
                }
            }
            entry.setValue(arguments[0]);
            return arguments[0];
        }

        private static long[] arguments(long self, long[] live) {
            long[] all = new long[live.length + 1];
            all[0] = self;
            System.arraycopy(live, 0, all, 1, live.length);
            return all;
        }
    }

    /** Removes the group's entry, if it is the caller's. */
    static final class LeaveGroup extends MapChange<Long, @Nullable Void> {
        private static final long serialVersionUID = 1L;

        LeaveGroup(long self) {
            super(LEAVE_GROUP, self);
        }

        @Override
        @SuppressWarnings("NullAway") // setValue(null) is how an entry is removed
        public @Nullable Void process(Map.Entry<String, Long> entry) {
            Long noted = entry.getValue();
            if (noted != null && noted == arguments[0]) {
                entry.setValue(null);
            }
            return null;
        }
    }
}
