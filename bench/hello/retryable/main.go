// Retryable makes one call with go-retryablehttp, to measure what that adds to a
// binary.
package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"

	"github.com/hashicorp/go-retryablehttp"
)

func main() {
	name, err := agentName()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(name)
}

func agentName() (string, error) {
	req, err := retryablehttp.NewRequest(http.MethodGet, "https://api.agento.host/v1/agents/a1", nil)
	if err != nil {
		return "", err
	}
	req.Header.Set("X-Api-Key", os.Getenv("AGENTO_API_KEY"))
	client := retryablehttp.NewClient()
	client.Logger = nil
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("status %s", resp.Status)
	}
	var answer struct {
		Data struct {
			Name string `json:"name"`
		} `json:"data"`
	}
	err = json.NewDecoder(resp.Body).Decode(&answer)
	return answer.Data.Name, err
}
