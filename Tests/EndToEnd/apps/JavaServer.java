import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.BufferedWriter;
import java.io.FileWriter;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The JDK's own HTTP server, measuring itself: java JavaServer PORT LOG. */
public final class JavaServer {
    private static final Pattern WORD = Pattern.compile("/([sdb])([0-9]+)(?=/)");
    private static final Pattern ID = Pattern.compile("/r/([^/?]+)");

    public static void main(String[] arguments) throws IOException {
        HttpServer server = HttpServer.create(
            new InetSocketAddress("127.0.0.1", Integer.parseInt(arguments[0])), 512);
        BufferedWriter log = new BufferedWriter(new FileWriter(arguments[1], true));
        server.createContext("/", exchange -> answer(exchange, log));
        server.setExecutor(Executors.newFixedThreadPool(16));
        server.start();
    }

    private static void answer(HttpExchange exchange, BufferedWriter log) throws IOException {
        long first = System.nanoTime();
        String path = exchange.getRequestURI().getPath();
        int status = 200;
        int delay = 0;
        int size = 12;
        Matcher words = WORD.matcher(path);
        while (words.find()) {
            int value = Integer.parseInt(words.group(2));
            switch (words.group(1)) {
                case "s": status = value; break;
                case "d": delay = value; break;
                default: size = value; break;
            }
        }
        Matcher id = ID.matcher(path);
        exchange.getRequestBody().readAllBytes();
        try {
            Thread.sleep(delay);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
        boolean bodiless = status == 204 || status == 304 || exchange.getRequestMethod().equals("HEAD");
        exchange.sendResponseHeaders(status, bodiless ? -1 : size);
        if (!bodiless) {
            exchange.getResponseBody().write(new byte[size]);
        }
        exchange.close();
        String line = (id.find() ? id.group(1) : "-") + " " + exchange.getRequestMethod() + " " + status + " " + first
            + " " + System.nanoTime() + "\n";
        synchronized (log) {
            log.write(line);
            log.flush();
        }
    }
}
