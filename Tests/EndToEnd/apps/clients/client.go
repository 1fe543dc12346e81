// The same as client.py. client PORT REQUESTS CONNECTIONS MODE
package main

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
)

var sizes = []int{0, 0, 1, 100, 0, 1448, 4096, 0, 9000, 65536}
var made = make([]byte, 70000)

type outcome struct {
	Requests int            `json:"requests"`
	Errors   int            `json:"errors"`
	Contexts map[string]int `json:"contexts"`
}

// ask tells whether the answer is right, and how many traceparents it names.
func ask(client *http.Client, port string, thread, number int) (bool, string) {
	size := sizes[(thread*3+number)%len(sizes)]
	body, method := made[number%100:number%100+size], "GET"
	if size > 0 {
		method = "POST"
	}
	var from io.Reader
	switch {
	case size > 1 && number%3 == 0: // of unknown length: chunked
		from = io.MultiReader(bytes.NewReader(body[:size/2]), bytes.NewReader(body[size/2:]))
	case size > 0:
		from = bytes.NewReader(body)
	}
	target := fmt.Sprintf("/%d/%d", thread, number)
	request, err := http.NewRequest(method, "http://127.0.0.1:"+port+target, from)
	if err != nil {
		return false, ""
	}
	request.Header.Set("X-Filler", strings.Repeat("x", number%900))
	answer, err := client.Do(request)
	if err != nil {
		return false, ""
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return false, ""
	}
	digest, contexts, _ := strings.Cut(string(text), " ")
	right := sha1.Sum(append([]byte(method+" "+target+" "), body...))
	return digest == hex.EncodeToString(right[:]), contexts
}

func main() {
	requests, _ := strconv.Atoi(os.Args[2])
	connections, _ := strconv.Atoi(os.Args[3])
	mode := os.Args[4]
	for index := range made {
		made[index] = byte(index * 7 % 256)
	}
	kept := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections}}
	once := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	all := outcome{Contexts: map[string]int{}}
	var lock sync.Mutex
	var group sync.WaitGroup
	bufio.NewReader(os.Stdin).ReadString('\n')
	for thread := 0; thread < connections; thread++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for number := 0; number < requests/connections; number++ {
				client := kept
				if mode == "new" || mode == "mixed" && number%5 == 0 {
					client = once
				}
				right, contexts := ask(client, os.Args[1], thread, number)
				lock.Lock()
				all.Requests++
				if !right {
					all.Errors++
				}
				if contexts != "" {
					all.Contexts[contexts]++
				}
				lock.Unlock()
			}
		}()
	}
	group.Wait()
	json.NewEncoder(os.Stdout).Encode(all)
}
