print("edgepipe")
