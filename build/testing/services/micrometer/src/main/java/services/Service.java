package services;

import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;

/** A small service that counts with Spring Boot's actuator and Micrometer; buckets are switched on, else there is no histogram. */
@SpringBootApplication
@RestController
public class Service {
  private static final long FAIL_EVERY = Long.parseLong(System.getenv().getOrDefault("FAIL_EVERY", "0"));
  private final AtomicLong asked = new AtomicLong();

  public static void main(String[] args) {
    SpringApplication service = new SpringApplication(Service.class);
    service.setDefaultProperties(Map.of(
        "server.address", "127.0.0.1",
        "server.port", System.getenv("PORT"),
        "management.endpoints.web.exposure.include", "prometheus",
        "management.metrics.distribution.slo.http.server.requests", "100ms,500ms,1s",
        "spring.main.banner-mode", "off"));
    service.run(args);
  }

  @GetMapping("/items/{id}")
  ResponseEntity<Void> get() {
    return answer(200);
  }

  @PostMapping("/items")
  ResponseEntity<Void> post() {
    return answer(201);
  }

  private ResponseEntity<Void> answer(int good) {
    boolean fails = FAIL_EVERY > 0 && asked.incrementAndGet() % FAIL_EVERY == 0;
    return ResponseEntity.status(fails ? 500 : good).build();
  }
}
