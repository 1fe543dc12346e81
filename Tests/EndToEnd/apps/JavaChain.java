import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.concurrent.Executors;

/**
 * A Java server that calls another one: /url by HttpURLConnection in the serving thread, /client by HttpClient, whose
 * own threads do the sending. java JavaChain PORT UPSTREAM [ADDRESS UPSTREAM_ADDRESS].
 */
public final class JavaChain {
    private static final HttpClient CLIENT = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    public static void main(String[] arguments) throws IOException {
        boolean here = arguments.length < 4;
        String host = here ? "127.0.0.1" : arguments[2];
        String upstream = (here ? "127.0.0.1" : arguments[3]) + ":" + arguments[1];
        HttpServer server = HttpServer.create(new InetSocketAddress(host, Integer.parseInt(arguments[0])), 512);
        server.createContext("/", exchange -> answer(exchange, upstream));
        server.setExecutor(Executors.newFixedThreadPool(32));
        server.start();
    }

    private static void answer(HttpExchange exchange, String upstream) throws IOException {
        String path = exchange.getRequestURI().getPath();
        URI target = URI.create("http://" + upstream + "/up" + path.substring(path.indexOf("/r/")));
        int status;
        if (path.startsWith("/url/")) {
            HttpURLConnection connection = (HttpURLConnection) target.toURL().openConnection();
            status = connection.getResponseCode();
            connection.getInputStream().readAllBytes();
        } else {
            try {
                HttpRequest request = HttpRequest.newBuilder(target).build();
                status = CLIENT.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
                status = 500;
            }
        }
        exchange.sendResponseHeaders(status, 3);
        exchange.getResponseBody().write("ok\n".getBytes());
        exchange.close();
    }
}
