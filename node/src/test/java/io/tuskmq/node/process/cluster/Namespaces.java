package io.tuskmq.node.process.cluster;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assumptions;

/**
 * Several hosts on one machine: network namespaces on a bridge, between which packets can be dropped, both ways or one way. A cut is
 * silent, as in a real network: nobody is told, connections just no longer carry anything. Needs root, iproute2 and iptables.
 */
final class Namespaces implements AutoCloseable {
    private static final String PREFIX = "tmq";
    private static final Pattern OURS = Pattern.compile(PREFIX + "(\\d+)[a-z].*");

    private final String run = PREFIX + ProcessHandle.current().pid();
    private final String bridge = run + "b";
    private final String subnet;
    private final Map<String, String> addresses = new LinkedHashMap<>();

    private Namespaces(String subnet) {
        this.subnet = subnet;
    }

    /** Skips the test where there can be none; in CI only for want of root. */
    static void need() {
        Assumptions.assumeTrue(System.getProperty("user.name", "").equals("root"), "network namespaces need root");
        String missing = missing().orElse("");
        Needs.that(missing.isEmpty(), missing);
    }

    private static Optional<String> missing() {
        for (String program : List.of("ip", "iptables")) {
            if (!Program.exists(program)) {
                return Optional.of(program + " is not installed");
            }
        }
        String trial = PREFIX + ProcessHandle.current().pid() + "t";
        try {
            Program.run("ip", "netns", "add", trial);
            Program.run("ip", "netns", "exec", trial, "iptables", "-L", "-n");
            Program.run("ip", "netns", "delete", trial);
            return Optional.empty();
        } catch (IllegalStateException e) {
            return Optional.of("network namespaces are not allowed here: " + e.getMessage());
        }
    }

    /** Makes one namespace for each name, and an address for this process. */
    static Namespaces create(List<String> names) {
        removeStale();
        Namespaces made = new Namespaces(freeSubnet());
        try {
            Program.run("ip", "link", "add", made.bridge, "type", "bridge");
            Program.run("ip", "addr", "add", made.subnet + ".254/24", "dev", made.bridge);
            Program.run("ip", "link", "set", made.bridge, "up");
            for (String name : names) {
                made.add(name);
            }
            return made;
        } catch (RuntimeException e) {
            made.close();
            throw e;
        }
    }

    private void add(String name) {
        int number = addresses.size() + 1;
        String outer = run + "v" + number;
        String inner = run + "w" + number;
        String address = subnet + "." + number;
        Program.run("ip", "netns", "add", space(name));
        addresses.put(name, address);
        Program.run("ip", "link", "add", outer, "type", "veth", "peer", "name", inner);
        Program.run("ip", "link", "set", outer, "master", bridge, "up");
        Program.run("ip", "link", "set", inner, "netns", space(name));
        Program.run("ip", "-n", space(name), "addr", "add", address + "/24", "dev", inner);
        Program.run("ip", "-n", space(name), "link", "set", inner, "up");
        Program.run("ip", "-n", space(name), "link", "set", "lo", "up");
    }

    private String space(String name) {
        return run + "-" + name;
    }

    String address(String name) {
        return Optional.ofNullable(addresses.get(name)).orElseThrow();
    }

    /** Words before a command that make it run in there. */
    List<String> prefix(String name) {
        return List.of("ip", "netns", "exec", space(name));
    }

    /** Nothing goes from one to the other, in either direction. */
    void cut(String one, String other) {
        cutOneWay(one, other);
        cutOneWay(other, one);
    }

    /** Nothing that the first one sends reaches the second one any more; the other direction works. */
    void cutOneWay(String from, String to) {
        Program.run(
                "ip", "netns", "exec", space(to), "iptables", "-w", "-A", "INPUT", "-s", address(from), "-j", "DROP");
    }

    /** All cuts are undone. */
    void heal() {
        addresses
                .keySet()
                .forEach(name -> Program.run("ip", "netns", "exec", space(name), "iptables", "-w", "-F", "INPUT"));
    }

    /** Removes all of it; the processes in there must have ended. */
    @Override
    public void close() {
        remove(run);
    }

    /** What a run of ours has left that was killed. Its name says its process id. */
    private static void removeStale() {
        List<String> runs = new ArrayList<>();
        Program.run("ip", "netns", "list").lines().forEach(line -> addRun(line, runs));
        Program.run("ip", "-o", "link", "show", "type", "bridge")
                .lines()
                .forEach(line -> addRun(line.replaceFirst("^\\d+: ", ""), runs));
        runs.stream()
                .distinct()
                .filter(run -> ProcessHandle.of(Long.parseLong(run.substring(PREFIX.length())))
                        .isEmpty())
                .forEach(Namespaces::remove);
    }

    private static void addRun(String line, List<String> runs) {
        Matcher name = Pattern.compile(PREFIX + "\\d+").matcher(line);
        if (name.lookingAt() || OURS.matcher(line).matches()) {
            runs.add(name.group());
        }
    }

    private static void remove(String run) {
        // Both ends go at once; left to the deletion of their namespace they would go some time after it.
        Pattern pair = Pattern.compile("\\d+: (" + run + "[vw]\\d+)[@:].*");
        Program.run("ip", "-o", "link", "show", "type", "veth")
                .lines()
                .map(pair::matcher)
                .filter(Matcher::matches)
                .forEach(link -> Program.run("ip", "link", "delete", link.group(1)));
        Program.run("ip", "netns", "list")
                .lines()
                .map(line -> line.split(" ", 2)[0])
                .filter(space -> space.startsWith(run + "-") || space.equals(run + "t"))
                .forEach(space -> {
                    // Only in a namespace of ours: what a killed run has left running there.
                    Program.run("ip", "netns", "pids", space)
                            .lines()
                            .map(Long::valueOf)
                            .flatMap(pid -> ProcessHandle.of(pid).stream())
                            .forEach(process -> {
                                process.destroyForcibly();
                                process.onExit().join();
                            });
                    Program.run("ip", "netns", "delete", space);
                });
        if (Program.run("ip", "-o", "link", "show").contains(": " + run + "b:")) {
            Program.run("ip", "link", "delete", run + "b");
        }
    }

    /** Of the range that is meant for tests of networks (RFC 2544). */
    private static String freeSubnet() {
        String used = Program.run("ip", "route") + Program.run("ip", "-o", "addr");
        for (int third = 100; third < 200; third++) {
            String candidate = "198.18." + third;
            if (!used.contains(candidate + ".")) {
                return candidate;
            }
        }
        throw new IllegalStateException("all subnets from 198.18.100 to 198.18.199 are in use");
    }
}
