package dev.temper.testkit;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** An S3 endpoint over HTTP on the loopback interface: S3Proxy in a process of its own, with objects in memory. */
public final class S3Endpoint implements AutoCloseable {
    private static final Duration START_LIMIT = Duration.ofMinutes(2);
    private static final Pattern LISTENING = Pattern.compile("Started ServerConnector.*127\\.0\\.0\\.1:(\\d+)");
    private static final Pattern KEY = Pattern.compile("<Key>([^<]*)</Key>");
    private static final AwsSignature SIGNATURE = new AwsSignature("test", "testtest", "us-east-1");

    private final Path folder;
    private final ChildProcess process;
    private final URI address;
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    private S3Endpoint(Path folder, ChildProcess process, URI address) {
        this.folder = folder;
        this.process = process;
        this.address = address;
    }

    /** Starts the S3Proxy jar to which the system property {@code temper.s3proxy.jar} points, as set by Maven. */
    public static S3Endpoint start() throws IOException, InterruptedException {
        return start(Path.of(System.getProperty("temper.s3proxy.jar")));
    }

    /** Starts an S3Proxy jar that includes its dependencies, on a free port. */
    public static S3Endpoint start(Path jar) throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory("s3-endpoint");
        Path settings = Files.write(
                folder.resolve("s3proxy.properties"),
                List.of(
                        "s3proxy.endpoint=http://127.0.0.1:0",
                        "s3proxy.authorization=aws-v2-or-v4",
                        "s3proxy.identity=" + SIGNATURE.accessKey(),
                        "s3proxy.credential=" + SIGNATURE.secretKey(),
                        "s3proxy.maximum-timeskew=7200", // seconds: clocks of tests may be an hour apart
                        "jclouds.provider=transient",
                        "jclouds.identity=unused",
                        "jclouds.credential=unused"));
        ChildProcess process = ChildProcess.start(
                List.of(ChildProcess.java(), "-Xmx512m", "-jar", jar.toString(), "--properties", settings.toString()),
                Map.of(),
                folder.resolve("s3proxy.log"));
        try {
            String port = process.awaitOutput(LISTENING, START_LIMIT);
            return new S3Endpoint(folder, process, URI.create("http://127.0.0.1:" + port));
        } catch (InterruptedException | RuntimeException e) {
            process.close();
            Scratch.delete(folder);
            throw e;
        }
    }

    public URI address() {
        return address;
    }

    public void createBucket(String name) throws IOException, InterruptedException {
        send("PUT", "/" + name, new byte[0]);
    }

    /** @param path bucket and key: {@code /bucket/folder/file} */
    public void put(String path, byte[] content) throws IOException, InterruptedException {
        send("PUT", path, content);
    }

    /** @param path bucket and key: {@code /bucket/folder/file} */
    public byte[] read(String path) throws IOException, InterruptedException {
        return send("GET", path, new byte[0]);
    }

    /** The keys of a bucket in order, at most 1000. */
    public List<String> list(String bucket) throws IOException, InterruptedException {
        String page = new String(send("GET", "/" + bucket + "?list-type=2", new byte[0]), StandardCharsets.UTF_8);
        return KEY.matcher(page).results().map(found -> found.group(1)).toList();
    }

    /** Spark settings to access this endpoint as {@code s3a://}. */
    public Map<String, String> sparkOptions() {
        return Map.of(
                "spark.hadoop.fs.s3a.endpoint", address.toString(),
                "spark.hadoop.fs.s3a.endpoint.region", SIGNATURE.region(),
                "spark.hadoop.fs.s3a.path.style.access", "true",
                "spark.hadoop.fs.s3a.connection.ssl.enabled", "false",
                "spark.hadoop.fs.s3a.bucket.probe", "0",
                "spark.hadoop.fs.s3a.access.key", SIGNATURE.accessKey(),
                "spark.hadoop.fs.s3a.secret.key", SIGNATURE.secretKey());
    }

    /** Kills the process; its objects are lost. */
    @Override
    public void close() throws IOException {
        process.close();
        Scratch.delete(folder);
    }

    private byte[] send(String method, String path, byte[] body) throws IOException, InterruptedException {
        HttpRequest request = SIGNATURE.sign(method, address.resolve(path), body, Instant.now());
        HttpResponse<byte[]> response = client.send(request, BodyHandlers.ofByteArray());
        if (response.statusCode() != 200) {
            throw new IOException(method + " " + path + ": " + response.statusCode() + " "
                    + new String(response.body(), StandardCharsets.UTF_8));
        }
        return response.body();
    }
}
