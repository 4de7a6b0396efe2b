package com.example;

import dev.fetchback.process.FetchedPage;
import dev.fetchback.process.Processor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** A plugin that does, by its option {@code do}, what a worker process must not pass on to the server. */
public final class Hostile implements Processor {
    private static final int MEGABYTE = 1 << 20;

    @Override
    public String name() {
        return "hostile";
    }

    @Override
    public Job prepare(Map<String, Object> options) {
        String what = String.valueOf(options.get("do"));
        return page -> run(what, page);
    }

    private static Object run(String what, FetchedPage page) throws Exception {
        switch (what) {
            case "loop":
                return loop();
            case "allocate":
                return allocate();
            case "exit":
                System.exit(0);
                return null;
            case "halt":
                Runtime.getRuntime().halt(9);
                return null;
            case "print a gigabyte":
                return print(1 << 10);
            case "make noise":
                System.out.println("{\"type\":\"done\"}\0\0\0\1");
                System.err.println("noise");
                return print(1);
            case "nest":
                return nest();
            case "return a gigabyte":
                return "x".repeat(MEGABYTE << 10);
            case "recurse":
                return recurse(0);
            case "leave children":
                new ProcessBuilder("/bin/sh", "-c", "sleep 4713 & setsid sleep 4713 & sleep 4713").start();
                return loop();
            case "be killed":
                // What is killed is found by its child.
                return new ProcessBuilder("/bin/sleep", "2.714").start().waitFor() >= 0 ? "survived" : null;
            default:
                return page.bytes().length;
        }
    }

    private static Object loop() {
        long turns = 0;
        while (turns >= 0) {
            turns = (turns + 1) & Long.MAX_VALUE;
        }
        return null;
    }

    private static Object allocate() {
        List<byte[]> kept = new ArrayList<>();
        while (kept.size() < Integer.MAX_VALUE) {
            kept.add(new byte[MEGABYTE]);
        }
        return kept.size();
    }

    private static String print(int megabytes) {
        byte[] noise = new byte[MEGABYTE];
        Arrays.fill(noise, (byte) 7);
        for (int i = 0; i < megabytes; i++) {
            System.out.write(noise, 0, noise.length);
        }
        System.out.flush();
        return "printed";
    }

    private static Object nest() {
        List<Object> nested = new ArrayList<>();
        for (int i = 0; i < 100_000; i++) {
            nested = new ArrayList<>(List.of(nested));
        }
        return nested;
    }

    private static int recurse(int depth) {
        return recurse(depth + 1) + 1;
    }
}
