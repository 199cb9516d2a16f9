// A server of the standard library alone.
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "Hello from Go, %s\n", r.URL.Path)
	})
	address := os.Getenv("HOST") + ":" + value("PORT", "8080")
	log.Printf("listening on %s", address)
	log.Fatal(http.ListenAndServe(address, nil))
}

func value(name, fallback string) string {
	if text := os.Getenv(name); text != "" {
		return text
	}
	return fallback
}
