import EdgepipeCommand

Edgepipe.main()
