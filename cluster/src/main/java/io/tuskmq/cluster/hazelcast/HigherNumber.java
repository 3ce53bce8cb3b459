package io.tuskmq.cluster.hazelcast;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.spi.merge.MergingValue;
import com.hazelcast.spi.merge.SplitBrainMergePolicy;
import org.jspecify.annotations.Nullable;

/** After a split the client id is where it has the higher number. Hazelcast makes it by its name. */
public final class HigherNumber implements SplitBrainMergePolicy<long[], MergingValue<long[]>, Object> {
    @Override
    public @Nullable Object merge(MergingValue<long[]> merging, @Nullable MergingValue<long[]> existing) {
        long[] theirs = merging.getDeserializedValue();
        long[] ours = existing == null ? null : existing.getDeserializedValue();
        boolean higher = ours == null || (theirs != null && theirs[0] > ours[0]);
        return higher ? theirs : ours;
    }

    @Override
    public void writeData(ObjectDataOutput out) {
        // It has nothing to write.
    }

    @Override
    public void readData(ObjectDataInput in) {
        // It has nothing to read.
    }
}
