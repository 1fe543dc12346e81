import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/** The same as client.py. java Client PORT REQUESTS CONNECTIONS MODE; half of it by either of Java's clients. */
final class Client {
    private static final int[] SIZES = {0, 0, 1, 100, 0, 1448, 4096, 0, 9000, 65536};
    private static final byte[] BYTES = new byte[70_000];
    private static final HttpClient CLIENT = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private static final AtomicLong requests = new AtomicLong();
    private static final AtomicLong errors = new AtomicLong();
    private static final Map<String, AtomicLong> contexts = new ConcurrentHashMap<>();

    private static String byConnection(
            String url, String method, byte[] body, boolean chunked, String filler, boolean anew) throws Exception {
        HttpURLConnection connection = (HttpURLConnection) URI.create(url).toURL().openConnection();
        connection.setRequestMethod(method);
        connection.setRequestProperty("X-Filler", filler);
        if (anew) connection.setRequestProperty("Connection", "close");
        if (body.length > 0) {
            connection.setDoOutput(true);
            if (chunked) connection.setChunkedStreamingMode(2000);
            else connection.setFixedLengthStreamingMode(body.length);
            try (var out = connection.getOutputStream()) {
                out.write(body);
            }
        }
        try (InputStream in = connection.getInputStream()) {
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            in.transferTo(all);
            return all.toString();
        }
    }

    private static String byClient(String url, String method, byte[] body, String filler) throws Exception {
        var publisher = body.length == 0
                ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofByteArray(body);
        var request = HttpRequest.newBuilder(URI.create(url)).method(method, publisher).header("X-Filler", filler);
        return CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofString()).body();
    }

    private static void ask(String port, int thread, int number, String mode) throws Exception {
        int size = SIZES[(thread * 3 + number) % SIZES.length];
        byte[] body = Arrays.copyOfRange(BYTES, number % 100, number % 100 + size);
        String method = size > 0 ? "POST" : "GET", target = "/" + thread + "/" + number;
        String url = "http://127.0.0.1:" + port + target, filler = "x".repeat(number % 900 + 1);
        boolean anew = mode.equals("new") || mode.equals("mixed") && number % 5 == 0;
        String text = thread % 2 == 0
                ? byConnection(url, method, body, number % 3 == 0, filler, anew) : byClient(url, method, body, filler);
        MessageDigest digest = MessageDigest.getInstance("SHA-1");
        digest.update((method + " " + target + " ").getBytes());
        String[] words = text.split(" ");
        if (!words[0].equals(HexFormat.of().formatHex(digest.digest(body)))) errors.incrementAndGet();
        contexts.computeIfAbsent(words[1], key -> new AtomicLong()).incrementAndGet();
    }

    public static void main(String[] arguments) throws Exception {
        int count = Integer.parseInt(arguments[1]), connections = Integer.parseInt(arguments[2]);
        for (int index = 0; index < BYTES.length; index++) BYTES[index] = (byte) (index * 7 % 256);
        Thread[] threads = new Thread[connections];
        System.in.read();
        for (int thread = 0; thread < connections; thread++) {
            int own = thread;
            threads[thread] = new Thread(() -> {
                for (int number = 0; number < count / connections; number++) {
                    try {
                        ask(arguments[0], own, number, arguments[3]);
                    } catch (Exception error) {
                        errors.incrementAndGet();
                    }
                    requests.incrementAndGet();
                }
            });
            threads[thread].start();
        }
        for (Thread thread : threads) thread.join();
        StringBuilder counts = new StringBuilder();
        contexts.forEach((key, value) ->
                counts.append(counts.isEmpty() ? "" : ", ").append("\"" + key + "\": " + value));
        System.out.println(
                "{\"requests\": " + requests + ", \"errors\": " + errors + ", \"contexts\": {" + counts + "}}");
        System.exit(0);
    }
}
